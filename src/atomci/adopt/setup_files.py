"""What setup.cfg and setup.py say of a package, as far as it is written down there."""

from __future__ import annotations

import ast
import configparser
from collections.abc import Mapping

__all__ = ["words_of_setup_cfg", "words_of_setup_py"]


def words_of_setup_cfg(text: str) -> Mapping[str, tuple[str, str]]:
    """What the metadata says, each with its section; empty for a file that can't be read."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    rows = [("metadata", key) for key in parser["metadata"]] if "metadata" in parser else []
    rows += [("options", "python_requires")] if parser.has_option("options", "python_requires") else []
    found = {key: (section, parser.get(section, key).strip()) for section, key in rows}
    # `attr:` and `file:` say where the value is, not what.
    return {
        key: (section, value)
        for key, (section, value) in found.items()
        if value and "\n" not in value and not value.startswith(("attr:", "file:"))
    }


def words_of_setup_py(text: str) -> Mapping[str, str]:
    """The plain texts that setup() is called with; nothing is run to find them."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    words = {
        word.arg: word.value.value.strip()
        for call in calls
        if "setup" in (getattr(call.func, "id", None), getattr(call.func, "attr", None))
        for word in call.keywords
        if word.arg and isinstance(word.value, ast.Constant) and isinstance(word.value.value, str)
    }
    return {name: value for name, value in words.items() if value and "\n" not in value}
