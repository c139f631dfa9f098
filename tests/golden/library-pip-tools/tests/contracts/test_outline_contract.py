import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from my_library.__main__ import main

SCHEMA = json.loads(Path(__file__).with_name("outline.schema.json").read_text(encoding="utf-8"))


def test_what_is_printed_keeps_the_contract(
    temp_project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(temp_project / "guide.md")])

    headings = json.loads(capsys.readouterr().out)
    jsonschema.validate(headings, SCHEMA)
    assert headings


@pytest.mark.parametrize(
    "broken",
    [
        {"level": 7, "title": "Seven", "slug": "seven"},
        {"level": 1, "title": "No slug"},
        {"level": 1, "title": "Spaces", "slug": "with spaces"},
    ],
)
def test_the_contract_refuses_what_it_should(broken: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([broken], SCHEMA)
