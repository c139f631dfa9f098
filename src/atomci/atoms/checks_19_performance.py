"""Do CI's caches hit? Phase 19, read off ci.yml."""

from __future__ import annotations

from atomci.atoms.checks_13_ci import ci_verdict
from atomci.configuration import caching
from atomci.engine.context import Context, Verdict

__all__ = ["cache_dependencies_effectively"]


def cache_dependencies_effectively(ctx: Context) -> Verdict:
    locks = ctx.files("uv.lock", "requirements/*.txt")
    return ci_verdict(ctx, lambda workflow: caching.facts(workflow, locks))
