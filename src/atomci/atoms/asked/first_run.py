"""What runs in a project that has just been rendered: phase 0 and the hooks, then its own gate."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager

from atomci.atoms.loading.load import Loader
from atomci.engine.context import Options
from atomci.engine.events import Listener
from atomci.engine.plan import Plan, make_plan
from atomci.engine.policy import RED
from atomci.engine.runner import run_plan
from atomci.errors import InfrastructureError
from atomci.project import Project
from atomci.tools.process import Command, hand_over

__all__ = ["bootstrap", "own_gate"]


def bootstrap(project: Project, listen: Callable[[Plan], AbstractContextManager[Listener]]) -> None:
    """Make environment, repository and hooks. Raises InfrastructureError on the first thing that broke."""
    loader = Loader(project)
    plan = make_plan(["bootstrap"], loader.catalog)
    workspace = loader.workspace(Options(jobs=os.cpu_count() or 1, in_ci=False))
    with listen(plan) as listener:
        result = run_plan(workspace, plan, loader.implementation, [listener])
    if result.exit_code == 130:
        raise KeyboardInterrupt
    if result.broken:
        # Its folder will be gone.
        said = result.broken.replace(f"{project.root}{os.sep}", "")
        raise InfrastructureError(said, "nothing was left behind; fix that and try again")
    for name, outcome in result.outcomes.items():
        if outcome.status in RED:
            raise InfrastructureError(
                f"{name}: {outcome.reason}", "nothing was left behind; fix that and try again"
            )


def own_gate(project: Project) -> int:
    """The project's own runtime runs its gate on this terminal, as it will from now on; the exit code."""
    return hand_over(Command((project.python, "-m", "atomci", "run", "local_ci")), project.root)
