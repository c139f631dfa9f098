"""Output of static tools that is text alone, and how one that can't be believed is quoted."""

from __future__ import annotations

from dataclasses import replace

from atomci.analysis.protocol import Reading
from atomci.tools.process import Command, Completed

__all__ = ["broken", "plain", "quoted_output", "unix_lines"]

# They colour what goes into a pipe, send it elsewhere, or spell it in other bytes.
_DISTURBING = ("FORCE_COLOR", "CLICOLOR_FORCE", "MYPY_FORCE_COLOR", "RUFF_OUTPUT_FILE", "PYTHONIOENCODING")
# Of what is long, such as a traceback or a list of all settings, its ends say most.
_ENDS = 300


def plain(*words: str) -> Command:
    """A command that prints without colours, and to its own streams, whatever the environment says."""
    return Command(words, without=_DISTURBING)


def unix_lines(done: Completed) -> Completed:
    """What it printed, with the same line ends on every system."""
    out, err = (text.replace("\r\n", "\n") for text in (done.stdout, done.stderr))
    return replace(done, stdout=out, stderr=err)


def broken(tool: str, done: Completed, why: str = "") -> Reading:
    """A run that can't be believed: `why`, and what the program said."""
    reasons = [reason for reason in (why, quoted_output(done)) if reason]
    return Reading(broken=f"{tool} failed (exit {done.code}): {': '.join(reasons)}")


def quoted_output(done: Completed) -> str:
    """What it said, its complaints before its answers; of a long text both ends."""
    said = done.stderr.strip() or done.stdout.strip() or "it printed nothing"
    return said if len(said) <= 2 * _ENDS else f"{said[:_ENDS]} … {said[-_ENDS:]}"
