"""What a static tool found, written down and judged; the same for our own run and for a swapped command."""

from __future__ import annotations

from atomci.analysis.protocol import Reading
from atomci.artifacts.schemas import Findings
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
    findings = reading.findings
    report = Findings(
        tool=tool,
        version=version,
        atom=ctx.atom.name,
        examined=examined,
        findings=findings,
        mend=reading.mend,
    )
    for path in declared_outputs(ctx.atom):
        ctx.write(path, report)
    if findings:
        said = f"{len(findings)} finding{'s' * (len(findings) > 1)}"
        return Outcome("fail", said, examined, findings=findings)
    left_out = f"left out {reading.left_out}" if reading.left_out else ""
    if examined:
        return Outcome("pass", left_out, examined)
    return Outcome("vacuous", "; ".join(filter(None, (f"no {kind} to look at", left_out))))
