"""The page of a large red run in a real browser, from disk: load, filter, keys, dark, a phone."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import CHROMIUM, Page, browser
from made_up_runs import large_red_run

from atomci.project import Project
from atomci.report.pages import write_page

pytestmark = pytest.mark.skipif(
    CHROMIUM is None or os.name == "nt", reason="there is no Chromium here: apt-get install chromium"
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("large")
    (root / "pyproject.toml").write_text('[project]\nname = "demo"\nversion = "1"\n')
    target = root / "artifacts/index.html"
    write_page(Project(root), large_red_run(root), target)
    return target


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture
def page(opened: Page, file: Path) -> Page:
    opened.open(file)
    return opened


def shown(page: Page) -> str:
    return str(page.ask("document.getElementById('shown').textContent"))


def visible_view(page: Page) -> str:
    return str(page.ask("document.querySelector('main > section:not([hidden])').id"))


def test_ten_thousand_findings_are_there_and_nothing_is_asked_for_or_refused(page: Page) -> None:
    assert shown(page) == "10009 problems, the first 200 are shown"
    assert page.ask("document.querySelectorAll('#problems li').length") == 200
    assert (page.complaints, page.asked) == ([], [])


def test_what_broke_is_first_and_open_and_its_hostile_text_is_text(page: Page) -> None:
    first = page.ask("document.querySelector('#problems li').innerText")
    assert first.startswith("run_local_ci_script it crashed: </script><img src=x onerror=alert(1)>\\u202e")
    assert page.ask("document.querySelector('#problems li details').open") is True
    assert page.ask("document.images.length") == 0
    page.press("/")
    page.type("</script>")
    assert shown(page) == "2 of 10009 problems"
    assert page.ask("document.querySelectorAll('#problems a[href^=javascript]').length") == 0


def test_words_narrow_the_list_and_escape_clears_them(page: Page) -> None:
    page.press("/")
    page.type("module_7 mypy -F411")
    assert shown(page) == "447 of 10009 problems, the first 200 are shown"
    page.press("Escape")
    assert shown(page).startswith("10009 problems")
    page.ask("document.querySelectorAll('#facets button')[3].click()")
    assert shown(page) == "8 of 10009 problems"
    assert "_number[3]" in page.ask("document.querySelector('#problems li').innerText")


def test_keys_go_from_row_to_row_open_them_and_change_the_view(page: Page) -> None:
    for _ in range(5):
        page.press("j")
    page.press("k")
    focused = "document.activeElement.closest('details')"
    assert page.ask(f"[...document.querySelectorAll('#problems details')].indexOf({focused})") == 3
    assert page.ask(f"{focused}.open") is False
    page.press("Enter")
    assert page.ask(f"{focused}.open") is True
    for key, view in (("2", "run"), ("3", "tests"), ("4", "coverage"), ("1", "problems")):
        page.press(key)
        assert visible_view(page) == view
    page.ask("document.getElementById('tab-problems').focus()")
    page.press("ArrowRight")
    assert (visible_view(page), page.ask("document.activeElement.id")) == ("run", "tab-run")


def test_a_finding_shows_the_lines_around_it(page: Page) -> None:
    page.press("/")
    page.type("module_5.py:6: ruff")
    page.press("Escape")
    page.type("")
    row = "[...document.querySelectorAll('#problems details')].find(d => d.innerText.includes('module_6.py:7:'))"
    page.ask(f"{row}.querySelector('summary').click()")
    page.ask("new Promise(done => setTimeout(done, 100))")
    lines = page.ask(f"{row}.querySelector('pre').innerText").splitlines()
    assert lines[0].strip() == "4      value_4 = compute(4)"
    assert len(lines) == 7
    assert page.ask(f"{row}.querySelector('.at').innerText").strip().startswith("7 ")


def test_more_rows_come_on_request(page: Page) -> None:
    page.ask("document.querySelector('#problems .more').click()")
    assert page.ask("document.querySelectorAll('#problems li').length") == 1200


@pytest.mark.parametrize("view", ["1", "2", "3", "4"])
def test_at_phone_width_nothing_is_cut_off(opened: Page, file: Path, view: str) -> None:
    opened.open(file, 390, 844)
    opened.press(view)
    assert opened.ask("document.documentElement.scrollWidth") == 390


# What is read on what: WCAG asks for 4.5.
CONTRAST = """
(() => {
  const light = (c) => { const [r, g, b] = c.match(/[0-9.]+/g).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126*r + 0.7152*g + 0.0722*b; };
  const behind = (e) => { while (e) { const c = getComputedStyle(e).backgroundColor;
    if (!/, 0\\)$/.test(c)) return c; e = e.parentElement; } return 'rgb(255, 255, 255)'; };
  const worst = [];
  for (const e of document.querySelectorAll('body *')) {
    if (!e.checkVisibility() || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) worst.push([e.tagName, e.className, ratio]);
  }
  return worst.slice(0, 5);
})()
"""


@pytest.mark.parametrize("dark", [False, True])
def test_light_or_dark_as_the_system_is_all_text_can_be_read(opened: Page, file: Path, dark: bool) -> None:
    opened.open(file, dark=dark)
    background = opened.ask("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")
    for view in "1234":
        opened.press(view)
        assert opened.ask(CONTRAST) == []
