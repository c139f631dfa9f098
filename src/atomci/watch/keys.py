"""What a key changes on the board: patterns, and what is being typed."""

from __future__ import annotations

from dataclasses import replace

from atomci.watch.board import Board
from atomci.watch.cycle import Filter

__all__ = ["pressed"]

_PROMPTS = {"p": "path> ", "t": "name> "}


def pressed(board: Board, key: str) -> Board:
    """The board after it, whatever the key makes run."""
    if board.prompt is not None:
        return _typed(board, board.prompt, key)
    board = replace(board, help=key in ("?", "h") and not board.help)
    if key in _PROMPTS:
        return replace(board, prompt=_PROMPTS[key])
    return replace(board, asked=Filter()) if key in ("a", "c") else board


def _typed(board: Board, prompt: str, key: str) -> Board:
    question = next(text for text in _PROMPTS.values() if prompt.startswith(text))
    typed = prompt.removeprefix(question)
    match key:
        case "enter" if question == _PROMPTS["p"]:
            return replace(board, prompt=None, asked=replace(board.asked, path=typed.strip()))
        case "enter":
            return replace(board, prompt=None, asked=replace(board.asked, name=typed.strip()))
        case "escape":
            return replace(board, prompt=None)
        case "backspace":
            return replace(board, prompt=question + typed[:-1])
        case "clear":
            return replace(board, prompt=question)
    return replace(board, prompt=prompt + key) if len(key) == 1 and key.isprintable() else board
