"""What may stand in `[[tool.atomci.override]]`."""

from datetime import timedelta
from pathlib import Path

import pytest

from atomci.deadlines import LONGEST, today
from atomci.engine.overrides import Override, read_overrides
from atomci.errors import UsageError
from atomci.project import Project

NAMES = ("lint", "test")


def project(folder: Path, *rows: dict[str, object]) -> Project:
    good = {"atom": "'lint'", "reason": "'a bug'", "until": today(), "owner": "'ada'"}
    text = "".join(
        "[[tool.atomci.override]]\n" + "".join(f"{key} = {value}\n" for key, value in {**good, **row}.items())
        for row in rows
    )
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return Project(folder)


@pytest.mark.parametrize("days", [-400, 0, LONGEST])
def test_every_override_is_read_also_one_that_is_over(days: int, tmp_path: Path) -> None:
    until = today() + timedelta(days)

    assert read_overrides(project(tmp_path, {"until": until}, {"atom": "'test'"}), NAMES) == (
        Override(atom="lint", reason="a bug", until=until, owner="ada"),
        Override(atom="test", reason="a bug", until=today(), owner="ada"),
    )


@pytest.mark.parametrize(
    ("row", "said", "hint"),
    [
        ({"atom": "'lnt'"}, ":7: tool.atomci.override.atom: no atom is called 'lnt'", "did you mean lint?"),
        ({"atom": "'test'"}, ":7: tool.atomci.override.atom: test has an override already", "one atom, one override"),
        ({"reason": "' '"}, ":8: tool.atomci.override.reason: is empty", "say why it is red"),
        ({"owner": "''"}, ":10: tool.atomci.override.owner: is empty", "say who fixes it"),
        ({"until": today() + timedelta(LONGEST + 9)}, ":9: tool.atomci.override.until: ", "at the latest"),
    ],
)  # fmt: skip
def test_an_override_that_is_not_whole_is_refused_with_its_line(
    row: dict[str, object], said: str, hint: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        read_overrides(project(tmp_path, {"atom": "'test'"}, row), NAMES)

    assert caught.value.message.startswith(f"pyproject.toml{said}")
    assert caught.value.hint.startswith(hint)
