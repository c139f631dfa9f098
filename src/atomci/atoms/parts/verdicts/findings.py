"""What a static tool found, written down and judged; the same for our own run and for a swapped command."""

from __future__ import annotations

from atomci.analysis.baseline.held import OUT_OF_DATE, Standing, held_back
from atomci.analysis.protocol import Reading
from atomci.analysis.table import ATOMS
from atomci.artifacts.handed.schemas import Findings
from atomci.engine.context import Context, Outcome
from atomci.engine.outputs import declared_outputs
from atomci.errors import InfrastructureError

__all__ = ["outcome_of"]


def outcome_of(
    ctx: Context, reading: Reading, tool: str, version: str, examined: int, kind: str = "Python file"
) -> Outcome:
    """Write the report; findings fail, and nothing examined is vacuous. `kind` is what there was none of.

    Raises InfrastructureError when the tool broke.
    """
    if reading.broken:
        raise InfrastructureError(reading.broken)
    standing = _standing(ctx, reading, tool, examined)
    findings = standing.counting
    report = Findings(
        tool=tool,
        version=version,
        atom=ctx.atom.name,
        examined=examined,
        findings=findings,
        mend=_command(standing, reading.mend),
        held=standing.held if standing.said else None,
    )
    for path in declared_outputs(ctx.atom):
        ctx.write(path, report)
    if findings:
        said = standing.said or f"{len(findings)} finding{'s' * (len(findings) > 1)}"
        return Outcome("fail", said, examined, findings=findings)
    left_out = f"left out {reading.left_out}" if reading.left_out else ""
    if examined:
        return Outcome("pass", "; ".join(filter(None, (standing.said, left_out))), examined)
    return Outcome("vacuous", "; ".join(filter(None, (f"no {kind} to look at", left_out))))


def _standing(ctx: Context, reading: Reading, tool: str, examined: int) -> Standing:
    """What counts of the findings; a tool that looked at nothing doesn't tell what is fixed."""
    own = ATOMS.get(ctx.atom.name)
    if own is None or not examined:
        return Standing(reading.findings)
    return held_back(ctx.root, ctx.atom.name, reading.findings, tool, own.LANE)


def _command(standing: Standing, mend: str) -> str:
    """What fixes the findings that count."""
    only_stale = standing.counting and all(one.rule == OUT_OF_DATE for one in standing.counting)
    return "atomci baseline" if only_stale else mend
