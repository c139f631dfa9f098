import json
from pathlib import Path

import jsonschema
import pytest

from my_library import slugify

SCHEMA = json.loads(Path(__file__).with_name("slug.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("title", ["Crème brûlée, for two", "- 1 -", "你好", ""])
def test_a_slug_keeps_the_contract(title: str) -> None:
    jsonschema.validate(slugify(title), SCHEMA)
