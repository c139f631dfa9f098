"""Which back-end confines a program here: the first that does so in a trial, with these very bounds."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from atomci.errors import InfrastructureError, RefusedError, UsageError
from atomci.guard.confinement import bubblewrap, landlock, seatbelt
from atomci.guard.confinement.bounds import Backend, Bounds, Confined
from atomci.guard.confinement.remembered import Remembered, can_prove, dependencies, proving
from atomci.guard.confinement.rules import launched, limits
from atomci.tools.process import Children, Command

__all__ = ["BACKENDS", "Trial", "confined", "tried"]

BACKENDS: tuple[Backend, ...] = (
    cast(Backend, bubblewrap),
    cast(Backend, landlock),
    cast(Backend, seatbelt),
)
"""From the one that stops most."""

_WITHIN = 20.0
_TRIAL = 'echo inside > "$1"; echo touched > "$2"; echo done'
_DETECT = "nothing is stopped: harm outside can only be seen afterwards"


@dataclass(frozen=True)
class Trial:
    """What a back-end did in a trial; `failed` is empty where it confines."""

    backend: Backend
    failed: str


def confined(
    bounds: Bounds,
    argv: Sequence[str],
    cwd: Path,
    *,
    degraded: bool = False,
    backends: Sequence[Backend] = BACKENDS,
    remembered: Remembered | None = None,
) -> Confined:
    """The program as it is to be started here, confined as well as this machine can. A trial that is
    `remembered` isn't done again while all that it depends on is as it was.

    Raises RefusedError where nothing confines it, unless `degraded`, and where a bound can't be kept at all;
    UsageError for what can't be one.
    """
    bounds = _resolved(bounds)
    _check(bounds)
    trials: list[Trial] = []
    for backend in backends:
        trial = _trial(backend, bounds, cwd, None if _failed(trials) else remembered)
        if not trial.failed:
            words = backend.confined(bounds, proving(bounds, tuple(argv)), cwd)
            gaps = (*backend.gaps(bounds), *_not_there(bounds))
            return Confined(words, cwd, bounds.environment, backend.NAME, backend.LEVEL, gaps)
        trials.append(trial)
    reasons = "; ".join(f"{trial.backend.NAME}: {trial.failed}" for trial in trials)
    if bounds.network == "api":
        raise RefusedError(
            f"this machine can't open the network for some hosts alone ({reasons})",
            'install bubblewrap, or set network = "on" or "off" in [tool.atomci.guard]',
        )
    if not degraded:
        raise RefusedError(
            f"this machine can't keep a program within bounds ({reasons})",
            "install bubblewrap, or add --allow-degraded and trust the program with everything you can touch",
        )
    return _unconfined(bounds, tuple(argv), cwd)


def _failed(trials: Sequence[Trial]) -> bool:
    """Whether one was there and didn't confine: it may the next time, and so has to be tried again."""
    return any(not trial.backend.missing() for trial in trials)


def _trial(backend: Backend, bounds: Bounds, cwd: Path, remembered: Remembered | None) -> Trial:
    if remembered is None or not can_prove(bounds) or _why_not(backend, bounds):
        return tried(backend, bounds, cwd)
    digest = dependencies(backend, bounds, cwd)
    if remembered.holds(digest):
        return Trial(backend, "")
    trial = tried(backend, bounds, cwd)
    if not trial.failed:
        remembered.keep(digest)
    return trial


def _why_not(backend: Backend, bounds: Bounds) -> str:
    """Why it isn't tried at all."""
    if bounds.network == "api" and not backend.NAMES_HOSTS:
        return "it opens the network for all hosts or for none"
    return backend.missing()


def _not_there(bounds: Bounds) -> Iterator[str]:
    """What can't be kept from being made: no back-end makes a file in its place, which would stay."""
    for path in bounds.protected:
        if not path.exists():
            yield f"{path} isn't there yet, and can be made"


def _check(bounds: Bounds) -> None:
    home = Path.home().resolve()
    for path in bounds.writable:
        if home.is_relative_to(path):
            raise UsageError(
                f"{path} is to be writable, and with it your whole home",
                "name the folders below it in [tool.atomci.guard] writable",
            )
        if not path.exists():
            raise UsageError(
                f"{path} is to be writable, and isn't there",
                f"mkdir -p {shlex.quote(str(path))}, or take it out of [tool.atomci.guard] writable",
            )


def tried(backend: Backend, bounds: Bounds, cwd: Path) -> Trial:
    """Whether it runs a program that writes in the scratch folder and not in another one."""
    if reason := _why_not(backend, bounds):
        return Trial(backend, reason)
    import tempfile

    with tempfile.TemporaryDirectory() as elsewhere:
        inside, outside = bounds.scratch / "trial", Path(elsewhere).resolve() / "untouched"
        outside.write_text("untouched\n", encoding="utf-8")
        words = ("/bin/sh", "-c", _TRIAL, "sh", str(inside), str(outside))
        try:
            ended = Children().run(Command(backend.confined(bounds, words, cwd), timeout=_WITHIN), cwd)
            wrote = inside.is_file() and inside.read_text(encoding="utf-8") == "inside\n"
        except (InfrastructureError, OSError, ValueError) as error:
            return Trial(backend, str(error))
        finally:
            inside.unlink(missing_ok=True)
        if outside.read_text(encoding="utf-8") != "untouched\n":
            return Trial(backend, "a program that it confined wrote outside")
    if ended.stdout != "done\n" or not wrote:
        return Trial(backend, ended.last_line)
    return Trial(backend, "")


def _unconfined(bounds: Bounds, argv: tuple[str, ...], cwd: Path) -> Confined:
    gaps = [_DETECT]
    if bounds.network == "off":
        gaps.append("the network is on, though it was to be off")
    if sys.platform != "win32":
        argv = launched(argv, limit=limits(bounds.caps, processes=True))
    elif bounds.caps != type(bounds.caps)():
        gaps.append("no cap is enforced")
    return Confined(argv, cwd, bounds.environment, "none", "detect", tuple(gaps))


def _resolved(bounds: Bounds) -> Bounds:
    """With the places that the paths lead to, since rules are for those."""

    def real(paths: tuple[Path, ...]) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(path.resolve() for path in paths))

    return replace(
        bounds,
        writable=real(bounds.writable),
        protected=real(bounds.protected),
        hidden=real(bounds.hidden),
        readable=real(bounds.readable),
        scratch=bounds.scratch.resolve(),
    )
