"""What we use of copier's private modules is there in the newest copier that the lock holds."""

import dataclasses
import inspect
import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from copier import _jinja_ext, _main, _subproject, _template, _types, _user_data, errors
from packaging.requirements import Requirement

ADVICE = (
    "copier changed what src/atomci/template/worker.py builds on. Read its new code there, mend worker.py and"
    " render.py, run tests/integration/update, then raise the cap of copier in pyproject.toml (twice)."
)
PYPROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
# What the worker replaces: another name or shape, and copier would no longer ask ours.
REPLACED = {
    "_ask": ("function", "(self)"),
    "_render_context": ("function", "(self)"),
    "_render_string": ("function", "(self, string, extra_context)"),
    "_external_data": ("function", "(self)"),
    "_sync_git_index_executable_bit": ("function", "(self, dst_relpath, src_mode)"),
    "answers_relpath": ("property", "(self)"),
    "jinja_env": ("cached_property", "(self)"),
}
# What is put in place of what copier would find out itself: only a cached property takes that.
PUT_IN = [
    *((_template.Template, name) for name in ("local_abspath", "vcs", "commit", "commit_hash", "version")),
    (_template.Template, "git_index_modes"),
    (_main.Worker, "template"),
    (_main.Worker, "subproject"),
    (_subproject.Subproject, "last_answers"),
]
READ = {
    _main.Worker: ("run_copy", "match_skip", "subproject", "template", "answers_file"),
    _template.Template: (
        "answers_relpath", "config_data", "envops", "exclude", "external_data", "jinja_extensions",
        "message_after_copy", "migration_tasks", "preserve_symlinks", "questions_data", "subdirectory", "tasks",
        "metadata", "secret_questions", "templates_suffix",
    ),
    _user_data.AnswersMap: ("hidden", "hide", "user"),
    _user_data.Question: (
        "get_ask", "get_default", "get_questionary_structure", "get_when", "parse_answer", "validate_answer",
    ),
}  # fmt: skip
GIVEN = {
    _main.Worker: {"src_path", "dst_path", "answers_file", "vcs_ref", "data", "exclude", "defaults",
                   "overwrite", "quiet", "cleanup_on_error", "skip_tasks"},
    _template.Template: {"url", "ref"},
    _user_data.AnswersMap: {"init", "metadata", "external", "user_defaults"},
    _user_data.Question: {"answers", "context", "jinja_env", "settings", "var_name"},
}  # fmt: skip


def _parameters(found: Any) -> str:
    function = found.fget if isinstance(found, property) else getattr(found, "func", found)
    return f"({', '.join(inspect.signature(function).parameters)})"


@pytest.mark.parametrize("name", REPLACED)
def test_what_the_worker_replaces_is_what_copier_asks(name: str) -> None:
    found = inspect.getattr_static(_main.Worker, name, None)

    assert (type(found).__name__, _parameters(found) if found else "") == REPLACED[name], ADVICE


@pytest.mark.parametrize(("kind", "name"), PUT_IN)
def test_what_is_put_in_counts(kind: type, name: str) -> None:
    assert type(inspect.getattr_static(kind, name, None)).__name__ == "cached_property", ADVICE


@pytest.mark.parametrize("kind", READ)
def test_what_is_read_is_there(kind: type) -> None:
    fields = {field.name for field in dataclasses.fields(kind)}

    assert [name for name in READ[kind] if name not in fields and not hasattr(kind, name)] == [], ADVICE
    assert sorted(GIVEN[kind] - fields) == [], ADVICE


def test_what_is_called_takes_what_it_is_given() -> None:
    assert _parameters(_jinja_ext.get_yield_context) == "(env)", ADVICE
    wanted = "(dst_path, answers_file, warn_on_missing)"
    assert _parameters(_user_data.load_answersfile_data) == wanted, ADVICE
    assert _types.Phase.RENDER in _types.Phase, ADVICE
    assert callable(_types.Phase.current), ADVICE
    assert callable(_types.Phase.use), ADVICE
    assert _main._operation.name == "_operation", ADVICE
    with pytest.raises(errors.ForbiddenPathError):
        raise errors.ForbiddenPathError(path=Path("x"))


def test_copier_is_capped_behind_the_version_that_was_tried() -> None:
    extra = PYPROJECT["project"]["optional-dependencies"]["template"]
    named = [text for text in (*extra, *PYPROJECT["dependency-groups"]["dev"]) if re.match(r"copier\b", text)]

    assert len(named) == 2
    assert len(set(named)) == 1, "the extra and the tests take the same copier"
    wanted = Requirement(named[0]).specifier
    major, minor = version("copier").split(".")[:2]
    assert version("copier") in wanted
    assert (
        f"{major}.{int(minor) + 1}" not in wanted
    ), "an untried copier could be installed: its private modules move"
