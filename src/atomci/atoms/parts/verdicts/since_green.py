"""What differs from the last green run of an atom."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from atomci.artifacts.handed.failures import SinceGreen
from atomci.artifacts.handed.manifests import MANIFEST, Manifest
from atomci.artifacts.handed.runs import RunFinished
from atomci.artifacts.store import ArtifactError, read_if_there
from atomci.decoding import decoded
from atomci.engine.context import Context
from atomci.report.pages import EVENTS, newest_first

__all__ = ["since_green"]


def since_green(ctx: Context, atoms: Collection[str], before: str) -> SinceGreen | None:
    """By the newest run before another in which all of the atoms passed; None where no such run is known."""
    for log in newest_first((ctx.root / "artifacts/runs").glob(f"*/{EVENTS}")):
        if log.parent.name >= before or not _was_green(log, atoms):
            continue
        try:
            manifest = read_if_there(log.parent / MANIFEST, Manifest)
        except ArtifactError:
            continue
        if manifest is not None:
            return _differs(ctx, manifest)
    return None


def _was_green(log: Path, atoms: Collection[str]) -> bool:
    try:
        last = decoded(log.read_bytes().splitlines()[-1], RunFinished)
    except (OSError, IndexError, ValueError):
        return False
    return last.exit_code == 0 and all(last.atoms.get(name) == "pass" for name in atoms)


def _differs(ctx: Context, manifest: Manifest) -> SinceGreen:
    commit = manifest.commit or ""
    if commit and manifest.uncommitted == () and (changed := ctx.changed(commit)) is not None:
        return SinceGreen(
            run=manifest.run, commit=commit, paths=tuple(changed), command=f"git diff {commit[:12]}"
        )
    now = ctx.workspace.inputs
    paths = [path for path, digest in manifest.inputs.items() if now.hash_of(path) != digest]
    command = f"git diff {commit[:12]}" if commit else ""
    return SinceGreen(run=manifest.run, commit=commit, paths=tuple(paths), command=command, exact=False)
