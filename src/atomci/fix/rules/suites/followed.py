"""Words that the code says otherwise at one place, which tests may then say otherwise too."""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from atomci.fix.proposal import Edit, Patch, Side

__all__ = ["Reworded", "follows", "reworded_in"]

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\d+(?:\.\d+)?|[^\sA-Za-z0-9_]")
_NARROW = 12
"""Logical lines of code: a place with more of them could stand for any word."""
_PHRASE = 2
"""Words that make a message: one alone may be a value that the code gets wrong."""
_START = frozenset({tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING})


@dataclass(frozen=True)
class Reworded:
    """The words that went from a place of the code and that came to it, and all that it held and holds."""

    lost: Counter[str]
    came: Counter[str]
    before: frozenset[str]
    after: frozenset[str]


def reworded_in(proposal: Patch) -> tuple[Reworded, ...]:
    """Where the code, not its tests, differs; what moves within it is no difference."""
    return tuple(place for change in proposal.python if not change.is_tests for place in _places(change))


def follows(was: str, now: str, reworded: Sequence[Reworded]) -> bool:
    """Two phrases differ as the code does, at one place of it, in words that tell, not in numbers."""
    old, new = _WORD.findall(was), _WORD.findall(now)
    if min(sum(map(_tells, words)) for words in (old, new)) < _PHRASE:
        return False
    for tag, i, j, k, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal" and not any(_is_of(old[i:j], new[k:end], place) for place in reworded):
            return False
    return old != new


def _is_of(lost: Sequence[str], came: Sequence[str], place: Reworded) -> bool:
    gone, new = Counter(lost) - Counter(came), Counter(came) - Counter(lost)
    if any(word[0].isdigit() for word in (*gone, *new)):
        return False
    said, says = ({word for word in words if _tells(word)} for words in (lost, came))
    if not (said <= place.before and says <= place.after):
        return False
    return any(place.lost[word] for word in gone if _tells(word)) or any(
        place.came[word] for word in new if _tells(word)
    )


def _tells(word: str) -> bool:
    """A short word is in any code, and a sign says nothing by itself."""
    return len(word) > 2 and word[0].isalpha()


def _places(change: Edit) -> Iterator[Reworded]:
    old, new = (list(_lines(side)) for side in (change.before, change.after))
    was, now = ([" ".join(line) for line in lines] for lines in (old, new))
    for tag, i, j, k, end in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if tag == "equal" or max(j - i, end - k) > _NARROW:
            continue
        before, after = (Counter(word for line in lines for word in line) for lines in (old[i:j], new[k:end]))
        yield Reworded(before - after, after - before, frozenset(before), frozenset(after))


def _lines(side: Side | None) -> Iterator[Sequence[str]]:
    """The words of each logical line, without comments and docstrings."""
    if side is None or side.text is None:
        return
    line: list[str] = []
    try:
        for token in _without_docstrings(tokenize.generate_tokens(io.StringIO(side.text).readline)):
            if token.type == tokenize.NEWLINE:
                yield line
                line = []
            elif token.type not in (tokenize.COMMENT, tokenize.NL):
                line.extend(_WORD.findall(token.string))
    except (tokenize.TokenError, SyntaxError):
        return


def _without_docstrings(tokens: Iterable[tokenize.TokenInfo]) -> Iterator[tokenize.TokenInfo]:
    last = tokenize.ENCODING
    for token in tokens:
        if not (token.type == tokenize.STRING and last in _START):
            yield token
        last = token.type
