"""Phase 19: performance and cost."""

from __future__ import annotations

from atomci.atoms import checks_19_performance as checks
from atomci.atoms.recorded import recorded
from atomci.engine.context import Context, Outcome


def cache_dependencies_effectively(ctx: Context) -> Outcome:
    return recorded(ctx, checks.cache_dependencies_effectively(ctx))
