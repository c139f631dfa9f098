import json
from pathlib import Path

import jsonschema
import pytest
from fastapi.testclient import TestClient

SCHEMA = json.loads(Path(__file__).with_name("slug.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("title", ["Crème brûlée, for two", "- 1 -", "你好", ""])
def test_what_is_answered_keeps_the_contract(title: str, client: TestClient) -> None:
    jsonschema.validate(client.get("/slug", params={"title": title}).json(), SCHEMA)
