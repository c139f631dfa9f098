"""A job's steps as they run: local composite actions (`uses: ./.github/actions/NAME`) are looked through."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from atomci.configuration.documents import Document, Key
from atomci.configuration.facts import Place

__all__ = ["NO_ACTIONS", "Actions", "Step", "by_folder", "steps_at", "steps_of", "unknown_actions"]

Actions = Mapping[str, Document]
"""The repository's own actions by folder, such as `.github/actions/setup`."""

NO_ACTIONS: Actions = {}

_INPUT = re.compile(r"\$\{\{\s*inputs\.([\w-]+)\s*\}\}")


@dataclass(frozen=True)
class Step:
    """One step. `document` and `where` say where it is written, `given` what it says, inputs filled in."""

    document: Document
    where: tuple[Key, ...]
    given: Mapping[str, Any]

    @property
    def action(self) -> str:
        """What it uses, without the version; empty when it runs a script."""
        return str(self.given.get("uses", "")).partition("@")[0]

    @property
    def script(self) -> str:
        """The script that it runs; empty when it uses an action."""
        return str(self.given.get("run", ""))

    @property
    def text(self) -> str:
        """All that it is given, to look for words in."""
        return " ".join(str(self.given.get(key, "")) for key in ("if", "env", "with", "run"))

    def at(self, *keys: Key) -> Place:
        """The place of a key of it."""
        return self.document.at(*self.where, *keys)

    def input(self, name: str) -> str | None:
        """An action's input as GitHub hands it over: a string, with truth values in lower case."""
        given = self.given.get("with")
        value = given.get(name) if isinstance(given, Mapping) else None
        return None if value is None else _handed_over(value)


def by_folder(documents: Mapping[str, Document]) -> Actions:
    """The actions among documents by path: those that are an action.yml or action.yaml."""
    return {
        PurePosixPath(path).parent.as_posix(): document
        for path, document in documents.items()
        if PurePosixPath(path).stem == "action"
    }


def steps_at(document: Document, *where: Key) -> list[Step]:
    """The steps in the list below a key, as they are written."""
    rows = document.rows(*where, "steps")
    return [Step(document, (*where, "steps", index), given) for index, given in rows]


def steps_of(document: Document, job: str, actions: Actions = NO_ACTIONS) -> list[Step]:
    """A job's steps in order, those of local composite actions in the place of the step that uses them."""
    return [inner for step in steps_at(document, "jobs", job) for inner in _looked_through(step, actions, ())]


def unknown_actions(document: Document, job: str, actions: Actions) -> Iterator[Step]:
    """Steps that use a local action that isn't there."""
    for step in steps_at(document, "jobs", job):
        if step.action.startswith("./") and _folder(step) not in actions:
            yield step


def _looked_through(step: Step, actions: Actions, above: tuple[str, ...]) -> Iterator[Step]:
    folder = _folder(step)
    action = actions.get(folder) if step.action.startswith("./") else None
    if action is None or folder in above:
        yield step
        return
    inputs = _inputs(step, action)
    for inner in steps_at(action, "runs"):
        filled = Step(action, inner.where, _filled(inner.given, inputs))
        yield from _looked_through(filled, actions, (*above, folder))


def _folder(step: Step) -> str:
    return step.action.removeprefix("./").rstrip("/")


def _inputs(step: Step, action: Document) -> dict[str, str]:
    found = {}
    for name, declared in action.table("inputs").items():
        default = declared.get("default") if isinstance(declared, Mapping) else None
        given = step.input(name)
        found[name] = given if given is not None else _handed_over(default if default is not None else "")
    return found


def _filled(value: Any, inputs: Mapping[str, str]) -> Any:
    """A step of an action with its inputs in place; those that aren't declared are empty, as on GitHub."""
    if isinstance(value, Mapping):
        return {key: _filled(item, inputs) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, inputs) for item in value]
    if isinstance(value, str):
        return _INPUT.sub(lambda match: inputs.get(match[1], ""), value)
    return value


def _handed_over(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
