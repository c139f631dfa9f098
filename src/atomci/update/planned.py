"""What planning comes to: an update described file by file, that can be applied."""

from __future__ import annotations

from dataclasses import dataclass, replace

from atomci.artifacts.printed.sync import PinChoice, Update
from atomci.tools.git.objects import Files, Objects
from atomci.tools.git.repository import Repository
from atomci.update.changes import acts, answer_changes, file_changes, locks_to_renew
from atomci.update.merging import MergedRenders
from atomci.update.migrations import migration_steps
from atomci.update.rendering import Renders
from atomci.update.span import up_to_date
from atomci.update.three_way.merge import Merged
from atomci.update.wording import some_of

__all__ = ["Planned", "described", "message_of"]


@dataclass(frozen=True)
class Planned:
    """An update that can be applied: HEAD's files and the merged ones, and the commit git calls picked."""

    update: Update
    repository: Repository
    objects: Objects
    head: str
    before: Files
    merged: Merged
    pick: str
    lock: str

    @property
    def touched(self) -> list[str]:
        """Every path that the update changes in the working tree or in the index."""
        paths = self.before.keys() | self.merged.files.keys()
        changed = {path for path in paths if self.before.get(path) != self.merged.files.get(path)}
        return sorted(changed | self.merged.stages.keys())

    def with_notes(self) -> Planned:
        """The same, and its report says what it leaves to whoever asked for it."""
        update, prefix = self.update, self.repository.prefix
        return self.noting(*locks_to_renew(update.files, update.answers, self.before, prefix))

    def noting(self, *notes: str) -> Planned:
        """The same, and its report has more notes."""
        return replace(self, update=self.update.noting(*notes))


def described(merged: MergedRenders) -> Planned | Update:
    """The update that the merge comes to; an Update where it changes nothing."""
    renders, result = merged.renders, merged.result
    span, mine, objects = renders.span, renders.mine, renders.objects
    changes = file_changes(merged)
    same = span.goes_nowhere and not renders.otherwise
    if same or (mine.files.get(merged.lock) == result.files[merged.lock] and not acts(changes)):
        return up_to_date(span.recorded, span.old.name)
    update = Update(
        state="planned",
        template=span.template.location,
        before=span.old.name,
        after=span.new.name,
        files=tuple(changes),
        answers=tuple(answer_changes(span.recorded.answers, renders.theirs.answers)),
        migrations=migration_steps(renders.migrations, merged.effects),
        pins=tuple(PinChoice(path=path, **choice._asdict()) for path, choice in result.pins),
        notes=_moved(renders),
    )
    pick = _pick(renders, message_of(update))
    return Planned(update, objects.repository, objects, mine.head, mine.files, result, pick, merged.lock)


def _moved(renders: Renders) -> tuple[str, ...]:
    old, otherwise = renders.span.old, renders.otherwise
    if not otherwise:
        return ()
    what = f"renders {some_of(otherwise)} differently now" if old.is_there else "is no longer there"
    return (f"{old.name} {what}: the update starts from what {renders.span.recorded.lock} lists",)


def message_of(update: Update) -> str:
    """The commit message of an update."""
    if update.before == update.after:
        names = ", ".join(change.name for change in update.answers)
        return f"Change answers to the template: {names}\n" if names else "Render the template again\n"
    return f"Update the template from {update.before} to {update.after}\n\n{update.template}\n"


def _pick(renders: Renders, message: str) -> str:
    """The commit that the update is a pick of: the new render on top of the old one."""
    objects, who = renders.objects, renders.mine.who
    base, theirs = objects.tree(renders.base), objects.tree(renders.theirs.files)
    root = objects.commit(base, "The render of the recorded version\n", who)
    return objects.commit(theirs, message, who, (root,))
