import json
from pathlib import Path

import jsonschema
import pytest

from my_command.cli import main

SCHEMA = json.loads(Path(__file__).with_name("slug.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("title", ["Crème brûlée, for two", "- 1 -", "你好", ""])
def test_what_is_printed_keeps_the_contract(title: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--", title])

    jsonschema.validate(capsys.readouterr().out.removesuffix("\n"), SCHEMA)
