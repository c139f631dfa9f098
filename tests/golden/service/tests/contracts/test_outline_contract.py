import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fastapi.testclient import TestClient

from my_service.app import app

SCHEMA = json.loads(Path(__file__).with_name("outline.schema.json").read_text(encoding="utf-8"))


def test_what_is_answered_keeps_the_contract(temp_project: Path, client: TestClient) -> None:
    markdown = (temp_project / "guide.md").read_text(encoding="utf-8")

    headings = client.post("/outline", json={"markdown": markdown}).json()
    jsonschema.validate(headings, SCHEMA)
    assert headings


def test_the_interface_has_these_operations() -> None:
    paths = app.openapi()["paths"]

    assert {(path, method) for path, methods in paths.items() for method in methods} == {
        ("/health", "get"),
        ("/outline", "post"),
    }
    assert paths["/outline"]["post"]["requestBody"]["required"] is True
    assert {"200", "422"} <= set(paths["/outline"]["post"]["responses"])


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
