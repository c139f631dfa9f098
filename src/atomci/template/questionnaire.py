"""A template's questions in its order: one can go back, and answer each again without losing the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from typing import Any, Protocol

from atomci.errors import UsageError

__all__ = ["Asked", "Dialogue", "NoAnswer", "Questionnaire", "plain", "require_questions"]


_LISTED = 8
"""How many questions an error lists."""
_YES_OR_NO = frozenset(
    ("y", "yes", "t", "true", "on", "1", "n", "no", "f", "false", "off", "0", "~", "null", "none")
)


class NoAnswer(Enum):
    """What somebody wants in place of an answer."""

    BACK = "the question before"
    AGAIN = "all questions again"
    DONE = "no more questions"


@dataclass(frozen=True)
class Asked:
    """A question as questionary takes it, whether one can go back, what is wrong with the given answer."""

    structure: Mapping[str, Any]
    can_go_back: bool
    problem: str


def _taken(_: Mapping[str, Any]) -> NoAnswer:
    return NoAnswer.DONE


@dataclass(frozen=True)
class Dialogue:
    """How questions are asked, what is offered in place of the template's defaults, who sees all answers.

    `ask` returns an answer, or NoAnswer.BACK. `confirm` returns NoAnswer.DONE, NoAnswer.AGAIN, or the name of
    the one question to be asked again.
    """

    ask: Callable[[Asked], Any]
    offered: Mapping[str, Any] = field(default_factory=dict)
    confirm: Callable[[Mapping[str, Any]], str | NoAnswer] = _taken


class _Worker(Protocol):
    """copier's worker: its answers so far, whether somebody gave one when asked, its view of a question."""

    answers: Any
    was_answered: bool

    @property
    def template(self) -> Any:
        """copier's view of the template."""

    def fresh_answers(self, given: Mapping[str, Any]) -> Any:
        """No answers yet but those that were given, in copier's form."""

    def question(self, name: str) -> Any:
        """A question, with the answers so far."""


def require_questions(answers: Mapping[str, Any], questions: Mapping[str, Any]) -> None:
    """Raises UsageError for an answer to a question that the template doesn't ask, or computes by itself.

    Also for one to a question of yes or no that is neither: copier takes any word for a yes.
    """
    for name, value in answers.items():
        if _is_of_yes_or_no(questions.get(name)) and str(value).lower() not in _YES_OR_NO:
            raise UsageError(f"{name}: {value!r} is neither yes nor no", f"for example -d {name}=yes")
    asked = [name for name, details in questions.items() if not _is_computed(details)]
    wrong = sorted(answers.keys() - asked)
    if not wrong:
        return
    name, *_ = wrong
    listed = f"it asks: {', '.join(sorted(asked))}"
    whole = listed if len(asked) <= _LISTED else "the template's copier.yml has all questions"
    if name not in questions:
        close = get_close_matches(name, asked, 3)
        meant = f"did you mean {' or '.join(close)}? " if close else ""
        raise UsageError(f"the template has no question called {name}", meant + whole)
    sources = [source for source in asked if source in _sources(name, questions)]
    answered = f"answer {' or '.join(sources)} instead; " if sources else ""
    raise UsageError(f"{name} isn't a question: the template computes it", answered + whole)


def _sources(name: str, questions: Mapping[str, Any]) -> set[str]:
    """The names in a computed value's default, and in the defaults of those that are computed, too."""
    found, queue = set[str](), [name]
    while queue:
        words = set(re.findall(r"\w+", str(questions[queue.pop()].get("default")))) & questions.keys() - found
        found |= words
        queue += [word for word in words if _is_computed(questions[word])]
    return found


def _is_of_yes_or_no(details: Any) -> bool:
    return isinstance(details, Mapping) and details.get("type") == "bool"


def _is_computed(details: Any) -> bool:
    """Whether a question is never asked, whatever the answers are."""
    return isinstance(details, Mapping) and details.get("when") is False


def plain(name: str, said: str) -> str:
    """What copier says of an answer, without the name of the question, which stands there already."""
    for begin in ("Validation error for question", "Invalid choice for"):
        said = said.removeprefix(f"{begin} '{name}': ")
    return said


@dataclass
class Questionnaire:
    """`given` are answers that aren't asked for, `typed` those that aren't the defaults. Both change."""

    worker: _Worker
    dialogue: Dialogue
    given: dict[str, Any]
    typed: dict[str, Any]
    _asked: list[str] = field(default_factory=list)

    def ask(self, settled: Mapping[str, Any] | None = None) -> None:
        """Ask all that is open, but for what is settled and valid."""
        self._ask(settled or {}, frozenset(), one_alone=False)

    def ask_again(self, name: str) -> None:
        """Ask one question, then those that weren't asked before or whose answers don't fit any more."""
        answers = self.worker.answers
        before = dict(answers.user)
        self.given.pop(name, None)
        settled = {other: value for other, value in self.typed.items() if other != name}
        defaulted = before.keys() - self.typed.keys() - answers.hidden - {name}
        if not self._ask(settled, defaulted, one_alone=True):
            self._ask(before, frozenset(), one_alone=True)

    def _ask(self, settled: Mapping[str, Any], defaulted: Collection[str], *, one_alone: bool) -> bool:
        """Whether it came to the end; else somebody went back from the first question."""
        earlier: dict[str, Any] = {}
        while self._round({**settled, **earlier}, defaulted, list(earlier), one_alone) is NoAnswer.BACK:
            if not self._asked:
                return False
            *before, last = self._asked
            earlier = {name: self.worker.answers.user[name] for name in before}
            settled = {name: value for name, value in settled.items() if name != last}
        return True

    def _round(
        self,
        settled: Mapping[str, Any],
        defaulted: Collection[str],
        earlier: Collection[str],
        one_alone: bool,
    ) -> NoAnswer:
        """Once through all questions, or until somebody goes back; those of `earlier` were asked already."""
        worker = self.worker
        worker.answers = worker.fresh_answers(self.given)
        self._asked = []
        for name in worker.template.questions_data:
            question = worker.question(name)
            if not question.get_when():
                worker.answers.hide(name)
                self._take_unseen(question)
                continue
            problem = self._problem_of_given(question)
            if problem is None:
                continue
            if name in settled and not self._take(question, settled[name]):
                self._asked += [name] if name in earlier else []
                continue
            if (name in defaulted or not question.get_ask()) and self._take_default(question):
                continue
            if self._answer(question, problem, can_go_back=one_alone or bool(self._asked)) is NoAnswer.BACK:
                return NoAnswer.BACK
            self._asked.append(name)
        return NoAnswer.DONE

    def _problem_of_given(self, question: Any) -> str | None:
        """Why the answer that was given is none, empty without one; None where it is taken."""
        name = question.var_name
        if name not in self.given:
            return ""
        if not (problem := self._take(question, self.given[name])):
            return None
        del self.given[name], self.worker.answers.init[name]
        return problem

    def _take_unseen(self, question: Any) -> None:
        """As copier does for a question that isn't asked for: what was given, else the default."""
        name = question.var_name
        if name not in self.given:
            self._take_default(question)
        elif problem := self._take(question, self.given[name]):
            raise ValueError(problem)

    def _take(self, question: Any, value: Any) -> str:
        """Empty where a value becomes the answer, else why it can't."""
        try:
            answer = question.parse_answer(value)
            question.validate_answer(answer)
        except (ValueError, TypeError) as error:
            return plain(question.var_name, str(error))
        self.worker.answers.user[question.var_name] = answer
        return ""

    def _take_default(self, question: Any) -> bool:
        from copier._types import MISSING

        if (default := question.get_default()) is MISSING:
            return False
        self.worker.answers.user[question.var_name] = default
        return True

    def _answer(self, question: Any, problem: str, *, can_go_back: bool) -> Any:
        name, answers = question.var_name, self.worker.answers
        default = question.get_default()
        # What the user's own settings for copier say goes before what we found.
        found = {} if name in question.settings.defaults else self.dialogue.offered
        for offered in (self.typed, found):
            if name in offered and not self._take(question, offered[name]):
                answers.user_defaults[name] = answers.user.pop(name)
                break
        structure = question.get_questionary_structure()
        if check := structure.get("validate"):
            structure["validate"] = lambda value: _plainly(name, check(value))
        answer = self.dialogue.ask(Asked(structure, can_go_back, problem))
        answers.user_defaults.pop(name, None)
        if answer is NoAnswer.BACK:
            return answer
        answers.user[name] = answer
        self.worker.was_answered = True
        self.typed.pop(name, None)
        if answer != default:
            self.typed[name] = answer
        return answer


def _plainly(name: str, said: str | bool) -> str | bool:
    return plain(name, said) if isinstance(said, str) else said
