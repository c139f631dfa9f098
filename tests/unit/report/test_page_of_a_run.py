"""The page as text: its policy, what it may not hold, and what is there without a script."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from made_up_runs import HOSTILE, finished, large_red_run, started, turn, written

from atomci.report.page import document
from atomci.report.page.document import page
from atomci.report.reading import report_of


class Elements(HTMLParser):
    """The elements of a page, each with its attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open = []
        self.found.append((tag, dict(attrs), self.open))

    def handle_data(self, data: str) -> None:
        self.open.append(data)

    def handle_endtag(self, tag: str) -> None:
        self.open = []

    def texts(self, tag: str) -> list[str]:
        return ["".join(text) for name, _, text in self.found if name == tag]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> str:
    report = report_of(large_red_run(tmp_path_factory.mktemp("run"), 60, 20))
    return page(report, "uv run atomci run ", {"run_ruff_lint": "runs/1/run_ruff_lint.log"})


def data(text: str) -> Any:
    return json.loads(Elements(text).texts("script")[0])


def test_the_policy_lets_only_the_style_and_the_script_of_the_page_run(large: str) -> None:
    elements = Elements(large)
    (policy,) = [
        attrs["content"]
        for tag, attrs, _ in elements.found
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy is not None
    hashes = [
        "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
        for text in (elements.texts("style")[0], elements.texts("script")[1])
    ]
    assert policy.startswith(f"default-src 'none'; style-src {hashes[0]}; script-src {hashes[1]};")
    assert "unsafe" not in policy


def test_the_page_asks_nobody_for_anything(large: str) -> None:
    elements = Elements(large)
    assert not {tag for tag, _, _ in elements.found} & {"link", "img", "iframe", "object", "base", "form"}
    attributes = {name for _, attrs, _ in elements.found for name in attrs}
    assert not attributes & {"src", "style", "action"}
    assert not [name for name in attributes if name.startswith("on")]
    assert "url(" not in elements.texts("style")[0]
    assert "innerHTML" not in elements.texts("script")[1]


def test_hostile_texts_stay_texts(large: str) -> None:
    elements = Elements(large)
    assert [tag for tag, _, _ in elements.found].count("script") == 2
    body = large.split("<script", maxsplit=1)[0]
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;" in body
    for sign in ("\u202e", "\x1b", "\x00", "\x9b"):
        assert sign not in large
    reason = next(p["reason"] for p in data(large)["problems"] if p["atom"] == "run_local_ci_script")
    assert reason == (
        "it crashed: </script><img src=x onerror=alert(1)>\\u202eevil\\u202c red \\x00\\x9b `|` ${x} <!--<script>"
    )
    assert "${x}" in HOSTILE


def test_lines_of_code_keep_their_tabs_and_line_ends(tmp_path: Path) -> None:
    log = written(tmp_path, started("lint"), turn("lint", 0, 1, "error"), finished(1, 3))
    (log.parent / "lint.log").write_text("a\n\tb\x07\n", encoding="utf-8")
    assert data(page(report_of(log), "", {}))["problems"][0]["details"] == "a\n\tb\\x07"


def test_the_page_tells_the_essential_without_a_script(large: str) -> None:
    without = re.sub(r"<script.*", "", large, flags=re.DOTALL)
    assert '<span class="word bad">red</span> local_ci' in without
    assert "and 12 more, which this page shows where scripts may run" in without
    assert "src/demo/module_0.py:1:5: error: `module_0` imported but unused [F400]" in without
    assert "031 run_ruff_lint" in without
    assert "The run waited for: run_black_check → select_impacted_unit_tests" in without


def test_equal_runs_make_equal_pages(tmp_path: Path) -> None:
    report = report_of(large_red_run(tmp_path, 5, 5))
    assert page(report, "atomci run ", {}) == page(report, "atomci run ", {})


@pytest.mark.parametrize(
    ("code", "word", "tone"),
    [(0, "green", "good"), (1, "red", "bad"), (3, "broken", "bad"), (130, "interrupted", "odd")],
)
def test_the_verdict_is_the_run_s(tmp_path: Path, code: int, word: str, tone: str) -> None:
    log = written(tmp_path, started("lint"), turn("lint", 0, 1), finished(1, code))
    assert f'<span class="word {tone}">{word}</span>' in page(report_of(log), "", {})


def test_a_page_stays_so_small_that_a_browser_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, limit in (("_PROBLEMS", 30), ("_TESTS", 10), ("_DETAILS", 10)):
        monkeypatch.setattr(document, name, limit)
    text = page(report_of(large_red_run(tmp_path, 60, 2000)), "", {})
    held = data(text)
    assert (len(held["problems"]), len(held["tests"])) == (30, 10)
    assert held["problems"][0]["details"] == ""
    assert "64 problems, and this page holds the first 30" in text
    assert "2000 tests, and this page holds the first 10" in text
    assert "the reports of 4 failed tests and broken atoms are in their logs only" in text


def test_the_problems_are_there_also_where_a_policy_stops_the_script(large: str) -> None:
    """As on a build server whose own policy is stricter: its browsers leave out what is in noscript."""
    assert "<noscript" not in large
    assert "<h2>Problems</h2>" in large
