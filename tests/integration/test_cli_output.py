"""What a run shows: plain lines, JSON Lines, GitHub's groups and annotations, a dry run's commands."""

import json
import os
import re
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest

from atomci.cli.projects.status import _annotations
from atomci.cli.view.annotations import _escape

EVIL = "print('::error::injected')\nprint('  ::set-output name=x::1')\nprint('a ##[error]injected')\nraise SystemExit(3)\n"


def test_plain_lines_name_each_atom_once_with_amount_and_time(sample) -> None:
    done = sample.atomci("run", "local_ci")
    rows = [line for line in done.out.splitlines() if line.startswith("ok ")]
    assert len(rows) == 14
    (ruff,) = [row for row in rows if "run_ruff_lint" in row]
    assert re.fullmatch(r"ok +031 run_ruff_lint +7 files +\d+\.\d\d s", ruff)
    last = done.out.splitlines()[-1]
    assert re.fullmatch(r"local_ci: green in \d+\.\d s \(14 ok\)  artifacts/runs/\S+", last)
    assert (sample.root / last.split()[-1] / "events.jsonl").is_file()
    assert done.err == ""
    assert "\x1b" not in done.out


def test_a_red_run_shows_findings_with_place_and_how_to_see_it_again(sample) -> None:
    sample.append("src/demo/words.py", "import os\n")
    done = sample.atomci("run", "run_ruff_lint")
    line = len(sample.read("src/demo/words.py").splitlines())
    assert f"src/demo/words.py:{line}:8: error: `os` imported but unused [F401]" in done.out
    assert "run_ruff_lint: red" in done.out
    assert "again:     atomci run run_ruff_lint" in done.out
    sample.write("uv.lock", "version = 1\n")
    assert "again:     uv run atomci run run_ruff_lint" in sample.atomci("run", "run_ruff_lint").out
    (log,) = re.findall(r"first red: run_ruff_lint, log (\S+)", done.out)
    assert (sample.root / log).is_file()


def test_what_a_red_atom_left_out_is_named_with_what_to_type(sample) -> None:
    sample.append("src/demo/words.py", "import os\n")
    lines = sample.atomci("run", "local_ci", "--jobs", "1").out.splitlines()
    assert lines[-1] == "  not run:   select_impacted_unit_tests and 2 more; -k runs later phases too"
    assert "-k runs" not in sample.atomci("run", "local_ci", "-k").out


def test_json_lines_begin_with_the_start_and_end_with_the_result(sample) -> None:
    done = sample.atomci("run", "triage", "--json")
    events = done.events
    assert (events[0]["event"], events[-1]["event"]) == ("run_started", "run_finished")
    assert events[-1]["exit_code"] == done.code == 0
    assert events[-1]["atoms"] == done.statuses
    # What is shown is what is kept.
    assert done.out == (sample.runs[-1] / "events.jsonl").read_text(encoding="utf-8")


def _commands_of(log: str) -> list[str]:
    return [line.removeprefix("$ ") for line in log.splitlines() if line.startswith("$ ")]


@pytest.mark.parametrize(
    "options", [["--keep-going"], ["--since", "HEAD~1"], ["--since", "HEAD", "--all"], ["--since", "HEAD"]]
)
def test_a_dry_run_prints_the_very_commands_that_a_run_logs(sample, options: list[str]) -> None:
    sample.append("src/demo/words.py", "\n\nX = 1\n")
    sample.commit()
    planned = sample.atomci("run", "local_ci", "--dry-run", "--json", *options).events
    assert not (sample.root / "artifacts").exists()
    assert sample.atomci("run", "local_ci", "--no-cache", *options).code == 0
    assert len(planned) == 14
    for row in planned:
        assert row["commands"] == _commands_of(sample.log(row["atom"])), row["atom"]
    assert sum(len(row["commands"]) for row in planned) >= 3  # ruff, black and mypy at least


def test_a_dry_run_is_not_misled_by_what_an_earlier_run_left(sample) -> None:
    sample.append("src/demo/words.py", "\n\nX = 1\n")
    sample.atomci("run", "run_pytest_unit_with_coverage", "--since", "HEAD")
    assert sample.json("artifacts/tests/selection.json")["mode"] == "impacted"
    text = sample.atomci("run", "run_pytest_unit_with_coverage", "--dry-run").out
    assert " tests/unit -q" in text


def test_a_dry_runs_lines_can_be_pasted_into_a_shell(real_sample) -> None:
    text = real_sample.atomci("run", "triage", "run_pytest_unit_with_coverage", "--dry-run").out
    assert "# 031 run_ruff_lint" in text.splitlines()
    real_sample.append("src/demo/words.py", "import os\n")
    done = subprocess.run(
        ["sh", "-c", text],
        cwd=real_sample.root,
        env=real_sample.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "F401" in done.stdout
    assert "would reformat" in done.stderr
    assert "4 passed" in done.stdout


def test_a_dry_run_names_what_is_disabled(sample) -> None:
    sample.append("pyproject.toml", "\n[tool.atomci.atoms.run_black_check]\nenabled = false\n")
    assert "# 032 run_black_check: disabled in pyproject.toml" in sample.atomci("run", "triage", "-n").out
    explained = sample.atomci("explain", "triage").out
    assert "# disabled in pyproject.toml" in explained.splitlines()
    assert "black --check" not in explained


def test_a_dry_run_of_a_tool_that_is_missing_says_so(sample, clone_environment) -> None:
    environment = clone_environment(without=["black"])
    done = sample.atomci("run", "triage", "--dry-run", UV_PROJECT_ENVIRONMENT=str(environment))
    assert done.code == 3
    assert "black isn't in" in done.err


class Runner:
    """GitHub's runner as far as it reads commands from a step's output (actions/runner, ActionCommand.cs).

    A line is one when it begins, blanks aside, with `::name`, or holds `##[name]` anywhere.
    """

    def __init__(self, output: str) -> None:
        self.commands: list[tuple[str, dict[str, str], str]] = []
        self.shown: list[str] = []
        stop = None
        for line in output.splitlines():
            match = re.match(r"\s*::([\w-]+)(?: ([^:]*))?::(.*)", line)
            if stop is not None:
                if match and match[1] == stop:
                    stop = None
                else:
                    self.shown.append(line)
                continue
            if match and match[1] == "stop-commands":
                stop = match[3]
            elif match:
                given = dict(pair.split("=", 1) for pair in (match[2] or "").split(",") if pair)
                self.commands.append((match[1], {k: _plain(v) for k, v in given.items()}, _plain(match[3])))
            else:
                assert "##[" not in line, line
                self.shown.append(line)
        assert stop is None

    def named(self, *names: str) -> list[tuple[str, dict[str, str], str]]:
        return [command for command in self.commands if command[0] in names]


def _plain(text: str) -> str:
    return urllib.parse.unquote(text)


def _github(project, *words: str, **env: str):
    done = project.atomci(*words, GITHUB_ACTIONS="true", **env)
    return done, Runner(done.out)


def test_on_github_each_atoms_log_is_a_group(sample) -> None:
    done, runner = _github(sample, "run", "triage")
    assert done.code == 0
    groups = [text for _, _, text in runner.named("group")]
    assert len(groups) == len(runner.named("endgroup")) == 5
    assert any("031 run_ruff_lint" in text for text in groups)
    assert any(line.startswith("$ ") and "ruff check" in line for line in runner.shown)


def test_on_github_logs_are_found_from_another_folder_too(sample, tmp_path) -> None:
    done, runner = _github(sample, "run", "run_ruff_lint", "--project", str(sample.root), cwd=tmp_path)
    assert done.code == 0
    assert any(line.startswith("$ ") and "ruff check" in line for line in runner.shown)


def test_on_github_findings_are_annotations_on_their_lines(sample) -> None:
    sample.append("src/demo/words.py", "import os\n")
    line = len(sample.read("src/demo/words.py").splitlines())
    done, runner = _github(sample, "run", "run_ruff_lint")
    assert done.code == 1
    assert ("error", {"file": "src/demo/words.py", "line": f"{line}", "col": "8", "title": "ruff F401"}) in [
        (name, given) for name, given, _ in runner.named("error")
    ]


def test_on_github_no_more_annotations_than_it_shows(sample) -> None:
    sample.append("src/demo/words.py", "import os\n" * 30)
    _, runner = _github(sample, "run", "run_ruff_lint")
    assert len(runner.named("error")) == 10


def test_on_github_a_tools_output_cannot_give_commands(sample) -> None:
    sample.write("../evil.py", EVIL)
    sample.append(
        "pyproject.toml",
        f'\n[tool.atomci.atoms.run_ruff_lint]\nrun = "{sys.executable} ../evil.py"\nreads = "lines"\n',
    )
    done, runner = _github(sample, "run", "run_ruff_lint")
    assert done.code == 3
    assert {name for name, _, _ in runner.commands} <= {"group", "endgroup"}
    assert "::error::injected" in runner.shown


def test_on_github_a_message_cannot_give_commands_either(sample) -> None:
    sample.write(
        "../evil.py",
        "import json\n"
        "place = {'physicalLocation': {'artifactLocation': {'uri': 'a,b:c%250A.py'}, 'region': {'startLine': 3}}}\n"
        "result = {'message': {'text': 'one, 100%: x\\n::error::injected\\r\\n##[error]y'}, 'locations': [place]}\n"
        "run = {'tool': {'driver': {'name': 'e::v,i%l'}}, 'results': [result]}\n"
        "print(json.dumps({'runs': [run]}))\n",
    )
    sample.append(
        "pyproject.toml",
        f'\n[tool.atomci.atoms.run_ruff_lint]\nrun = "{sys.executable} ../evil.py"\nreads = "sarif"\n',
    )
    done, runner = _github(sample, "run", "run_ruff_lint")
    assert done.code == 1
    ((_, given, text),) = runner.named("warning")
    assert given["file"] == "a,b:c%0A.py"
    assert given["title"].startswith("e::v,i%l ")
    assert text == "one, 100%: x\n::error::injected\r\n##[error]y"
    assert {name for name, _, _ in runner.commands} == {"group", "endgroup", "warning"}


@pytest.mark.parametrize("text", ["100%", "a\nb", "a\r\nb", "%0A", "::x::"])
def test_escaped_text_is_one_line_and_reads_back_as_it_was(text: str) -> None:
    for data in (True, False):
        escaped = _escape(text, data=data)
        assert "\n" not in escaped
        assert "\r" not in escaped
        assert _plain(escaped) == text
    assert not set(":,") & set(_escape(f"{text}:,"))


@pytest.mark.parametrize(("path", "shown"), [("ci.yml", " file=sub/ci.yml"), ("", "")])
def test_on_github_drift_is_marked_in_the_file_that_lies_in_a_folder_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, shown: str
) -> None:
    (tmp_path / "sub").mkdir()
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert _annotations("error", "drift", tmp_path / "sub", path) == [f"::error{shown}::drift"]


def _on_a_terminal(project, *words: str, **env: str) -> tuple[int, str]:
    import pty

    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "atomci", *words],
        cwd=project.root,
        env={**project.env, "TERM": "xterm-256color", "COLUMNS": "160", **env},
        stdout=child,
        stderr=child,
    )
    os.close(child)
    seen = b""
    while True:
        try:
            chunk = os.read(parent, 65536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    os.close(parent)
    return process.wait(timeout=60), seen.decode()


@pytest.mark.skipif(os.name == "nt", reason="pty is POSIX's")
def test_on_a_terminal_the_lines_are_coloured_and_what_runs_is_shown(real_sample) -> None:
    code, seen = _on_a_terminal(real_sample, "run", "triage")
    assert code == 0
    assert "\x1b[32mok" in seen
    assert "run_mypy_typecheck 0 s" in seen or "run_mypy_typecheck 1 s" in seen
    assert len(re.findall(r"031 run_ruff_lint", seen)) == 1
    assert "\x1b[?25h" in seen  # the cursor is back


@pytest.mark.skipif(os.name == "nt", reason="pty is POSIX's")
def test_no_color_and_dumb_terminals_are_obeyed(sample) -> None:
    _, seen = _on_a_terminal(sample, "run", "run_ruff_lint", TERM="dumb", NO_COLOR="1")
    assert "\x1b" not in seen


@pytest.mark.skipif(os.name == "nt", reason="pty is POSIX's")
@pytest.mark.parametrize(
    "words", [("check", "phase_00", "phase_01"), ("list",), ("doctor",), ("run", "run_ruff_lint")]
)
def test_in_a_narrow_terminal_rows_are_broken_between_words(sample, words: tuple[str, ...]) -> None:
    sample.append("src/demo/words.py", "import os\n")
    _, seen = _on_a_terminal(sample, *words, COLUMNS="60", TERM="dumb")
    rows = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", seen).splitlines()
    too_long = [row for row in rows if len(row) > 60 and len(row.split()) > 1 and not _stays_whole(row)]
    assert too_long == []


def _stays_whole(row: str) -> bool:
    """What is to be pasted, and a finding, whose place editors read."""
    return bool(re.search(r"atomci |https?://|artifacts/runs/|apt-get|see http|\.py:\d+:\d+: ", row))


def test_explain_shows_reads_writes_and_the_command(sample) -> None:
    text = sample.atomci("explain", "atom_031").out
    assert text.splitlines()[0].startswith("031 run_ruff_lint")
    assert "ruff check --verbose --no-fix" in text.splitlines()[1]
    assert "    writes   artifacts/findings/ruff.json" in text


def test_explain_is_a_short_script_of_the_lines_that_a_dry_run_has(sample) -> None:
    explained = sample.atomci("explain", "local_ci").out
    dry = sample.atomci("run", "local_ci", "--dry-run").out
    assert len(explained.splitlines()) < 25

    def commands(text: str) -> list[str]:
        return [line for line in text.splitlines() if not line.startswith("#")]

    assert commands(explained) == commands(dry)  # these are pasted below
    assert len(commands(explained)) == 7
    subprocess.run(["sh", "-n"], input=explained, text=True, check=True)


def test_explain_guard_tells_the_bounds_that_the_project_sets_and_what_keeps_them_here(sample) -> None:
    path = sample.root / "pyproject.toml"
    path.write_text(path.read_text() + '\n[tool.atomci.guard]\nrefused = ["docker"]\n')
    lines = sample.atomci("explain", "guard").out.splitlines()
    assert '#   refused = ["docker"]' in lines
    assert '#   network = "on"   (not set)' in lines
    assert [line for line in lines if line.startswith("#   landlock ")]
    assert [line for line in lines if not line.startswith("#") and "atomci" not in line] == []
    told = json.loads(sample.atomci("explain", "guard", "--json").out)["bounds"]
    assert told["settings"]["refused"] == ["docker"]
    assert [row["name"] for row in told["backends"]] == ["bubblewrap", "landlock", "sandbox-exec"]


def test_explain_below_the_root_begins_where_the_commands_work(green, monkeypatch) -> None:
    monkeypatch.chdir(green.root / "src")
    done = green.atomci("explain", "triage", cwd=green.root / "src")
    assert done.out.splitlines()[1] == f"cd {green.root}"


def test_explain_whole_shows_what_each_atom_reads_and_writes(sample) -> None:
    text = sample.atomci("explain", "local_ci", "--whole").out
    assert "    writes   artifacts/findings/ruff.json" in text
    assert "    needs    run_pytest_unit_with_coverage" in text


@pytest.mark.parametrize("target", ["local_ci", "phase_07", "unit", "triage", "stage1_lint_types"])
def test_explain_shows_each_atom_that_a_run_has(sample, target: str) -> None:
    explained = json.loads(sample.atomci("explain", target, "--json").out)["atoms"]
    planned = sample.atomci("run", target, "--dry-run", "--json").events
    alone = target == "stage1_lint_types"
    wanted = [target] if alone else [row["atom"] for row in planned]
    assert [row["name"] for row in explained] == wanted
    assert alone or any(
        "ruff check" in line or "pytest" in line for row in explained for line in row["commands"]
    )


@pytest.mark.parametrize("kind", ["mermaid", "dot", "json"])
def test_a_graph_holds_every_atom_and_edge_of_its_target(sample, kind: str) -> None:
    text = sample.atomci("graph", "triage", "--format", kind).out
    for name in ("run_ruff_lint", "aggregate_static_findings", "classify_static_failures"):
        assert name in text
    edge = {
        "mermaid": "  run_ruff_lint --> aggregate_static_findings",
        "dot": "  run_ruff_lint -> aggregate_static_findings;",
    }
    if kind == "json":
        assert ["run_ruff_lint", "aggregate_static_findings"] in json.loads(text)["edges"]
    else:
        assert edge[kind] in text.splitlines()


def test_check_as_json_gives_each_atom_with_its_evidence(green) -> None:
    done = green.atomci("check", "triage", "--json")
    answer = json.loads(done.out)
    assert done.code == 0
    assert answer["holds"] is True
    assert [row["number"] for row in answer["atoms"]] == [31, 32, 33, 34, 35]
    assert all(row["status"] == "holds" and row["evidence"] for row in answer["atoms"])


def test_check_changes_nothing(green) -> None:
    before = {f: f.stat().st_mtime_ns for f in green.root.rglob("*") if f.is_file() and ".git/" not in str(f)}
    green.atomci("check", "phase_04", "phase_05", "phase_07")
    after = {f: f.stat().st_mtime_ns for f in green.root.rglob("*") if f.is_file() and ".git/" not in str(f)}
    assert after == before


def test_check_of_planned_atoms_counts_neither_way(sample) -> None:
    done = sample.atomci("check", "streams")
    assert done.code == 0
    assert "8 planned" in done.out


def test_a_job_on_github_gets_a_summary(sample, tmp_path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    sample.append("src/demo/words.py", "import os\n")
    sample.atomci("run", "triage", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("before\n### red in ")
    assert "| ❌ | `run_ruff_lint` | 7 files |" in text
    assert "- `src/demo/words.py:7:8: error: 'os' imported but unused [F401]`" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + 5


def test_a_summary_takes_no_markup_from_a_reason(sample, tmp_path) -> None:
    summary = tmp_path / "summary.md"
    table = "\n[tool.atomci.atoms.run_mypy_typecheck]\nrun = 'no-such|tool'\nreads = 'lines'\n"
    sample.append("pyproject.toml", table)
    sample.atomci("run", "run_mypy_typecheck", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    told = [ln for ln in summary.read_text(encoding="utf-8").splitlines() if "run_mypy_typecheck" in ln]
    problem, row = told
    assert problem.startswith("- `run_mypy_typecheck`: ")
    assert "no-such\\|tool" in row
    assert row.startswith("| 💥 |")
