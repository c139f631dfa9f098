"""Atoms replaced, disabled and added, without a neighbour noticing."""

import json
import sys
from pathlib import Path

import pytest

PYRIGHT = {
    "version": "1.1.400",
    "generalDiagnostics": [
        {
            "file": "ROOT/src/demo/words.py",
            "severity": "error",
            "message": 'Type "int" is not assignable to declared type "str"',
            "range": {"start": {"line": 4, "character": 11}, "end": {"line": 4, "character": 12}},
            "rule": "reportAssignmentType",
        },
        {
            "file": "ROOT/src/demo/words.py",
            "severity": "warning",
            "message": "Import could be sorted",
            "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}},
        },
        {
            "file": "ROOT/src/demo/prices.py",
            "severity": "error",
            "message": "Expected expression",
            "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}},
        },
    ],
    "summary": {"filesAnalyzed": 4, "errorCount": 2, "warningCount": 1, "informationCount": 0},
}
SARIF = {
    "version": "2.1.0",
    "runs": [
        {
            "tool": {"driver": {"name": "semgrep"}},
            "results": [
                {
                    "ruleId": "no-shouting",
                    "message": {"text": "don't"},
                    "locations": [
                        {
                            "physicalLocation": {
                                "artifactLocation": {"uri": "src/demo/words.py"},
                                "region": {"startLine": 4, "startColumn": 5},
                            }
                        }
                    ],
                }
            ],
        }
    ],
}


def _says(project, output: str, code: int = 1) -> str:
    """A program that prints the output and ends with the code."""
    project.write("../output.txt", output)
    project.write(
        "../says.py",
        "import pathlib, sys\n"
        "sys.stdout.write(pathlib.Path(__file__).with_name('output.txt').read_text())\n"
        f"raise SystemExit({code})\n",
    )
    return f"{sys.executable} ../says.py"


def _swap(project, atom: str, **keys: object) -> None:
    rows = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    project.append("pyproject.toml", f"\n[tool.atomci.atoms.{atom}]\n{rows}")


def _places(row: dict) -> list[tuple[str, int, int, str]]:
    return [(f["path"], f["line"], f.get("column", 1), f["rule"]) for f in row["findings"]]


CASES = {
    "lines": (
        "In file:\nsrc/demo/words.py:4:5: E1 too loud\nsrc/demo/prices.py:2: odd\n2 problems\n",
        [("src/demo/words.py", 4, 5, "python"), ("src/demo/prices.py", 2, 1, "python")],
    ),
    "pyright": (
        json.dumps(PYRIGHT),
        [("src/demo/words.py", 5, 12, "reportAssignmentType"), ("src/demo/prices.py", 1, 1, "pyright")],
    ),
    "sarif": (json.dumps(SARIF), [("src/demo/words.py", 4, 5, "no-shouting")]),
}


@pytest.mark.parametrize("parser", CASES)
def test_a_commands_output_is_read_by_the_named_parser(sample, parser: str) -> None:
    output, wanted = CASES[parser]
    command = _says(sample, output.replace("ROOT", str(sample.root)))
    _swap(sample, "run_mypy_typecheck", run=command, reads=parser)
    done = sample.atomci("run", "triage", "--json")
    assert done.code == 1
    row = done.atoms["run_mypy_typecheck"]
    assert row["status"] == "fail"
    assert [(p, n, c, r.removesuffix(f"{sys.version_info.major}")) for p, n, c, r in _places(row)] == wanted
    found = sample.json("artifacts/reports/findings.json")["runs"]
    assert [run["atom"] for run in found] == ["run_ruff_lint", "run_black_check", "run_mypy_typecheck"]
    assert len(found[2]["findings"]) == len(wanted)


@pytest.mark.parametrize(
    ("parser", "command", "rule"),
    [
        ("ruff", "ruff check --output-format=json src", "F401"),
        ("black", "black --check src", "unformatted"),
        ("mypy", "mypy --output=json src", "assignment"),
    ],
)
def test_a_real_tools_output_is_read_by_its_parser(real_sample, parser: str, command: str, rule: str) -> None:
    real_sample.append("src/demo/words.py", "import os\nx: int = ''\n")
    atom = {"ruff": "run_black_check", "black": "run_mypy_typecheck", "mypy": "run_ruff_lint"}[parser]
    _swap(real_sample, atom, run=command, reads=parser)
    done = real_sample.atomci("run", atom, "--json")
    assert done.code == 1
    assert rule in [finding["rule"] for finding in done.atoms[atom]["findings"]]
    assert {finding["path"] for finding in done.atoms[atom]["findings"]} == {"src/demo/words.py"}


def test_a_swapped_tool_that_finds_nothing_passes(sample) -> None:
    _swap(sample, "run_mypy_typecheck", run=_says(sample, "all is well\n", 0), reads="lines")
    done = sample.atomci("run", "local_ci", "--json")
    assert done.code == 0
    assert done.atoms["run_mypy_typecheck"]["examined"] == 7
    assert sample.json("artifacts/reports/findings.json")["runs"][2]["findings"] == []


def test_a_swapped_tool_that_fails_without_a_word_is_an_error(sample) -> None:
    _swap(sample, "run_mypy_typecheck", run=_says(sample, "boom\n", 2), reads="lines")
    done = sample.atomci("run", "run_mypy_typecheck", "--json")
    assert (done.code, done.statuses["run_mypy_typecheck"]) == (3, "error")


@pytest.mark.parametrize("parser", ["pyright", "sarif"])
def test_output_that_its_parser_cannot_read_is_an_error(sample, parser: str) -> None:
    _swap(sample, "run_mypy_typecheck", run=_says(sample, "no json\n", 1), reads=parser)
    done = sample.atomci("run", "run_mypy_typecheck", "--json")
    assert (done.code, done.statuses["run_mypy_typecheck"]) == (3, "error")
    assert f"parser '{parser}' can't read its output" in done.atoms["run_mypy_typecheck"]["reason"]


def test_output_of_another_shape_is_an_error_and_no_crash(sample) -> None:
    _swap(sample, "run_mypy_typecheck", run=_says(sample, '{"version": 1}', 0), reads="pyright")
    done = sample.atomci("run", "run_mypy_typecheck", "--json")
    assert (done.code, done.statuses["run_mypy_typecheck"]) == (3, "error")
    assert "parser 'pyright' can't read its output" in done.atoms["run_mypy_typecheck"]["reason"]


def test_a_result_without_a_place_is_one_of_the_project(sample) -> None:
    output = json.loads(json.dumps(SARIF))
    del output["runs"][0]["results"][0]["locations"]
    _swap(sample, "run_mypy_typecheck", run=_says(sample, json.dumps(output)), reads="sarif")
    done = sample.atomci("run", "triage", "--json")
    assert done.statuses["run_mypy_typecheck"] == "fail"
    assert _places(done.atoms["run_mypy_typecheck"]) == [(".", 1, 1, "no-shouting")]
    assert sample.atomci("check", "aggregate_static_findings").code == 0


def test_findings_land_in_the_lane_of_the_swapped_atom_with_its_own_command(sample) -> None:
    """Also those of a parser that knows no lane, and of another tool of that lane."""
    line = _says(sample, "src/demo/words.py:4:5: too wide\n")
    _swap(sample, "run_black_check", run=line, reads="lines")
    _swap(sample, "run_mypy_typecheck", run=f"{line} --outputjson", reads="lines")
    done = sample.atomci("run", "triage", "--json")
    assert done.code == 1
    lanes = sample.json("artifacts/reports/lanes.json")["lanes"]
    assert [(row["lane"], row["findings"], row["command"]) for row in lanes] == [
        ("format", 1, line),
        ("type", 1, f"{line} --outputjson"),
    ]


def test_a_tool_that_mends_is_named_by_its_own_command(sample) -> None:
    says = _says(sample, "--- src/demo/words.py\n+++ src/demo/words.py\n@@ -4 +4 @@\n-a\n+b\n")
    count = "import sys; sys.stderr.write('1 file would be reformatted\\n')\n"
    sample.write("../says.py", count + sample.read("../says.py"))
    _swap(sample, "run_black_check", run=says, reads="ruff-format")
    done = sample.atomci("run", "triage", "--json")
    assert _places(done.atoms["run_black_check"]) == [("src/demo/words.py", 4, 1, "unformatted")]
    assert done.atoms["run_black_check"]["examined"] == 1
    (lane,) = sample.json("artifacts/reports/lanes.json")["lanes"]
    assert (lane["lane"], lane["command"]) == ("format", "ruff format .")


def test_what_a_tool_left_out_is_said_of_a_pass(sample) -> None:
    sample.write(
        "../says.py",
        "import sys\n"
        "sys.stderr.write('Skipping .ipynb files as Jupyter dependencies are not installed.\\n')\n"
        "sys.stderr.write('7 files would be left unchanged.\\n')\n",
    )
    _swap(sample, "run_black_check", run=f"{sys.executable} ../says.py", reads="black")
    row = sample.atomci("run", "run_black_check", "--json").atoms["run_black_check"]
    assert (row["status"], row["examined"]) == ("pass", 7)
    assert row["reason"] == "left out notebooks: black[jupyter] isn't installed"


def test_a_command_that_edits_the_sources_of_a_pure_atom_is_an_error(sample) -> None:
    sample.write("../edits.py", "open('src/demo/words.py', 'a').write('X = 1\\n')\n")
    _swap(sample, "run_ruff_lint", run=f"{sys.executable} ../edits.py", reads="lines")
    done = sample.atomci("run", "run_ruff_lint", "--json")
    assert (done.code, done.statuses["run_ruff_lint"]) == (3, "error")
    assert "src/demo/words.py changed while it ran" in done.atoms["run_ruff_lint"]["reason"]


@pytest.mark.parametrize(
    ("says", "reason"),
    [("", "it printed nothing"), ("raise ModuleNotFoundError('No module named x')", "No module named x")],
)
def test_a_static_tool_that_prints_nothing_or_cannot_be_imported_is_no_pass(
    sample, clone_environment, says: str, reason: str
) -> None:
    """The program is there, and what it stands for is not."""
    environment = clone_environment(without=["ruff", "black", "mypy"])
    for name in ("ruff", "black", "mypy"):
        (environment / "bin" / name).write_text(f"#!{sys.executable}\n{says}\n", encoding="utf-8")
        (environment / "bin" / name).chmod(0o755)
    sample.env["UV_PROJECT_ENVIRONMENT"] = str(environment)
    done = sample.atomci("run", "triage", "--json", "--keep-going")
    assert done.code != 0
    for atom in ("run_ruff_lint", "run_black_check", "run_mypy_typecheck"):
        assert done.statuses[atom] == "error"
        assert reason in done.atoms[atom]["reason"]


def test_a_swapped_program_that_is_missing_is_an_error(sample) -> None:
    _swap(sample, "run_mypy_typecheck", run="no-such-program src")
    done = sample.atomci("run", "run_mypy_typecheck", "--json")
    assert (done.code, done.statuses["run_mypy_typecheck"]) == (3, "error")
    assert "no-such-program can't be started" in done.atoms["run_mypy_typecheck"]["reason"]


def test_inputs_say_which_files_an_atom_rests_on(sample) -> None:
    _swap(sample, "run_mypy_typecheck", run=_says(sample, "", 0), reads="lines", inputs=["src/demo/p*.py"])
    done = sample.atomci("run", "run_mypy_typecheck", "--json")
    assert done.atoms["run_mypy_typecheck"]["examined"] == 1
    sample.append("src/demo/words.py", "X = 1\n")
    assert sample.atomci("run", "run_mypy_typecheck", "--json").cached == {"run_mypy_typecheck"}
    sample.append("src/demo/prices.py", "X = 1\n")
    assert sample.atomci("run", "run_mypy_typecheck", "--json").cached == set()


def test_a_swapped_tool_with_no_source_to_look_at_is_vacuous(sample) -> None:
    sample.delete("src")
    sample.delete("tests")
    _swap(sample, "run_mypy_typecheck", run=_says(sample, "", 0), reads="lines")
    done = sample.atomci("run", "run_mypy_typecheck", "--json")
    assert (done.code, done.statuses["run_mypy_typecheck"]) == (1, "vacuous")


def test_inputs_that_match_nothing_are_vacuous(sample) -> None:
    _swap(sample, "run_mypy_typecheck", run=_says(sample, "", 0), reads="lines", inputs=["lib/**/*.py"])
    done = sample.atomci("run", "run_mypy_typecheck", "--json")
    assert (done.code, done.statuses["run_mypy_typecheck"]) == (1, "vacuous")


def test_a_disabled_tool_is_skipped_and_the_gate_is_green_without_it(sample) -> None:
    _swap(sample, "run_mypy_typecheck", enabled=False)
    sample.append("src/demo/words.py", '\n\nx: int = ""\n')
    done = sample.atomci("run", "local_ci", "--json")
    assert done.code == 0
    assert done.atoms["run_mypy_typecheck"]["reason"] == "disabled in pyproject.toml"
    assert done.atoms["aggregate_static_findings"]["reason"] == "run_mypy_typecheck disabled"
    assert "skip    033" in sample.atomci("run", "triage").out


def test_a_gate_without_any_tool_is_red(sample) -> None:
    for atom in ("run_ruff_lint", "run_black_check", "run_mypy_typecheck"):
        _swap(sample, atom, enabled=False)
    done = sample.atomci("run", "local_ci", "--json")
    assert done.code == 1
    assert done.statuses["stage1_lint_types"] == "vacuous"
    assert sample.json("artifacts/gate.json")["verdict"] == "red"


def test_a_disabled_optional_atom_holds_nothing_up(sample) -> None:
    _swap(sample, "parallelize_unit_suite_optional", enabled=False)
    done = sample.atomci("run", "local_ci", "--json")
    assert done.code == 0
    assert done.statuses["parallelize_unit_suite_optional"] == "skipped"
    assert done.statuses["run_pytest_unit_with_coverage"] == "pass"


def test_a_disabled_suite_makes_no_green_gate(sample) -> None:
    _swap(sample, "run_pytest_unit_with_coverage", enabled=False)
    done = sample.atomci("run", "local_ci", "--json")
    assert done.code != 0
    assert sample.json("artifacts/gate.json")["verdict"] != "green"


def test_a_function_takes_an_atoms_place(sample) -> None:
    sample.write(
        "../tools/own.py",
        "from atomci.artifacts.handed.schemas import Finding, Findings\n"
        "from atomci.engine.context import Outcome\n\n"
        "class Lint:\n"
        "    @staticmethod\n"
        "    def run(ctx):\n"
        "        found = [Finding(path=f, line=1, tool='own', rule='shout', message='!') for f in ctx.files('src/**/words.py')]\n"
        "        ctx.write(ctx.atom.writes[0], Findings(tool='own', version='1', atom=ctx.atom.name, examined=1, findings=tuple(found)))\n"
        "        return Outcome('fail', '', 1, findings=tuple(found))\n",
    )
    sample.env["PYTHONPATH"] = str(sample.root.parent / "tools")
    _swap(sample, "run_ruff_lint", use="own:Lint.run")
    done = sample.atomci("run", "triage", "--json")
    assert done.code == 1
    assert _places(done.atoms["run_ruff_lint"]) == [("src/demo/words.py", 1, 1, "shout")]
    lanes = sample.json("artifacts/reports/lanes.json")
    assert (lanes["lane"], lanes["lanes"][0]["command"]) == ("lint", "atomci run run_ruff_lint")
    assert "swapped  pyproject.toml: use = 'own:Lint.run'" in sample.atomci("explain", "run_ruff_lint").out


def test_a_function_that_edits_the_tree_in_a_pure_atoms_place_is_an_error(sample) -> None:
    sample.write(
        "../tools/edits.py",
        "from atomci.engine.context import Outcome\n\n"
        "def run(ctx):\n"
        "    (ctx.root / 'src/demo/words.py').unlink()\n"
        "    return Outcome('pass', '', 1)\n",
    )
    sample.env["PYTHONPATH"] = str(sample.root.parent / "tools")
    _swap(sample, "run_ruff_lint", use="edits:run")
    done = sample.atomci("run", "run_ruff_lint", "--json")
    assert (done.code, done.statuses["run_ruff_lint"]) == (3, "error")
    assert "src/demo/words.py changed while it ran" in done.atoms["run_ruff_lint"]["reason"]


def test_a_swapped_command_is_what_a_dry_run_and_explain_show(sample) -> None:
    _swap(sample, "run_ruff_lint", run="ruff check --quiet src")
    for words in (["run", "run_ruff_lint", "-n"], ["explain", "run_ruff_lint"]):
        assert "ruff check --quiet src" in sample.atomci(*words).out


def test_a_command_writes_the_artifacts_that_its_environment_names(sample) -> None:
    sample.write(
        "../gives.py",
        "import os, pathlib\n"
        "assert os.environ['ATOMCI_ATOM'] == 'stage3_static_artifacts_emit'\n"
        "(path,) = os.environ['ATOMCI_WRITES'].split(os.pathsep)\n"
        "pathlib.Path(path).parent.mkdir(parents=True)\n"
        'pathlib.Path(path).write_text(\'{"schema": "atomci/reports/1", "reports": []}\')\n',
    )
    _swap(sample, "stage3_static_artifacts_emit", run=f"{sys.executable} ../gives.py")
    done = sample.atomci("run", "stage3_static_artifacts_emit", "--json")
    assert (done.code, done.statuses["stage3_static_artifacts_emit"]) == (0, "pass")
    assert sample.json("artifacts/reports/index.json")["reports"] == []


@pytest.mark.parametrize(("code", "status"), [(0, "error"), (1, "fail")])
def test_a_command_without_a_parser_goes_by_its_exit_code_and_owes_the_artifacts(
    sample, code, status
) -> None:
    _swap(sample, "stage3_static_artifacts_emit", run=_says(sample, "", code))
    done = sample.atomci("run", "stage3_static_artifacts_emit", "--json")
    assert done.statuses["stage3_static_artifacts_emit"] == status
    if status == "error":
        reason = done.atoms["stage3_static_artifacts_emit"]["reason"]
        assert "passed without writing artifacts/reports/index.json" in reason


@pytest.fixture
def plugin(sample):
    """A third-party distribution with an atom of its own that joins the gate."""
    site = sample.root.parent / "site"
    sample.write(
        "../site/word_check.py",
        "from atomci.artifacts.handed.schemas import Finding\n"
        "from atomci.atoms.loading.plugins import PluginAtom\n"
        "from atomci.catalog import Atom\n"
        "from atomci.engine.context import Outcome, Verdict\n"
        "from atomci.tools.process import Command\n\n"
        "ROW = Atom(1001, 'check_words', 4, 'Words are checked', reads=('src/**/*.py',))\n\n\n"
        "def commands(ctx):\n    return (Command(('git', '--version')),)\n\n\n"
        "def run(ctx):\n"
        "    ctx.run(*commands(ctx))\n"
        "    files = ctx.files('src/**/*.py')\n"
        "    bad = [f for f in files if 'shout' in (ctx.root / f).read_text()]\n"
        "    found = tuple(Finding(path=f, line=1, tool='words', rule='w1', message='loud') for f in bad)\n"
        "    return Outcome('fail' if found else 'pass', '', len(files), findings=found)\n\n\n"
        "def check(ctx):\n    return Verdict(True, ('checked by word-check',))\n\n\n"
        "ATOM = PluginAtom(ROW, run, check, commands, pipelines=('local_ci', 'triage'))\n",
    )
    sample.write(
        "../site/word_check-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: word-check\nVersion: 1.0\n"
    )
    sample.write(
        "../site/word_check-1.0.dist-info/entry_points.txt", "[atomci.atoms]\nwords = word_check:ATOM\n"
    )
    sample.env["PYTHONPATH"] = str(site)
    return sample


def test_a_third_partys_atom_is_listed_explained_and_drawn(plugin) -> None:
    rows = {row["name"]: row for row in json.loads(plugin.atomci("list", "--json").out)["atoms"]}
    assert (rows["check_words"]["number"], rows["check_words"]["planned"]) == (1001, False)
    assert "1001 check_words" in plugin.atomci("list").out
    assert "    git --version" in plugin.atomci("explain", "check_words").out
    assert "check_words" in plugin.atomci("graph", "triage").out


def test_a_third_partys_atom_joins_its_pipelines_and_can_turn_the_gate_red(plugin) -> None:
    done = plugin.atomci("run", "local_ci", "--json")
    assert done.code == 1
    assert done.statuses["check_words"] == "fail"
    assert _places(done.atoms["check_words"]) == [("src/demo/words.py", 1, 1, "w1")]
    plugin.replace("src/demo/words.py", "shout", "call")
    plugin.replace("tests/unit/test_words.py", "shout", "call")
    assert plugin.atomci("run", "local_ci", "--json").statuses["check_words"] == "pass"


def test_a_third_partys_pure_atom_that_edits_a_file_is_an_error(plugin) -> None:
    plugin.replace(
        "../site/word_check.py", "    ctx.run(*commands(ctx))\n", "    (ctx.root / 'README.md').unlink()\n"
    )
    done = plugin.atomci("run", "check_words", "--json")
    assert (done.code, done.statuses["check_words"]) == (3, "error")
    assert "README.md changed while it ran" in done.atoms["check_words"]["reason"]


@pytest.mark.parametrize("target", ["check_words", "atom_1001"])
def test_a_third_partys_atom_runs_alone_and_is_checked_by_its_own_check(plugin, target: str) -> None:
    assert plugin.atomci("run", target).code == 1
    done = plugin.atomci("check", target, "--json")
    assert json.loads(done.out)["atoms"][0]["evidence"] == ["checked by word-check"]


def test_a_third_partys_atom_can_be_disabled(plugin) -> None:
    _swap(plugin, "check_words", enabled=False)
    done = plugin.atomci("run", "local_ci", "--json")
    assert (done.code, done.statuses["check_words"]) == (0, "skipped")


IMPORT = "from atomci.catalog import Atom"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("ATOM = PluginAtom(ROW", "ATOM = (ROW", "isn't an atomci.atoms.loading.plugins.PluginAtom"),
        (IMPORT, "import no_such_module", "can't be loaded: ModuleNotFoundError: No module"),
        (IMPORT, "raise SystemExit(0)", "can't be loaded: SystemExit: 0"),
        (IMPORT, "from atomci.catalog import Atom as Other", "can't be loaded: NameError"),
        (
            "'Words are checked',",
            "'Words are checked', needs=('run_rufflint',),",
            "did you mean run_ruff_lint?",
        ),
    ],
)
def test_a_bad_plugin_is_a_usage_error_that_names_its_distribution(
    plugin, old: str, new: str, said: str
) -> None:
    if old.startswith("ATOM"):
        plugin.replace("../site/word_check.py", ", pipelines=('local_ci', 'triage'))", ")")
    plugin.replace("../site/word_check.py", old, new)
    for words in (["run", "triage"], ["list"], ["explain", "local_ci"], ["check"], ["graph", "triage"]):
        done = plugin.atomci(*words)
        assert done.code == 2
        assert "word-check" in done.err
        assert said in done.err
        assert "Traceback" not in done.err


def test_a_plugin_that_cannot_tell_its_commands_is_an_error_and_no_traceback(plugin) -> None:
    plugin.replace("../site/word_check.py", "return (Command(", "return {}['none'] or (Command(")
    said = "check_words can't list its commands: KeyError: 'none'"
    assert said in plugin.atomci("explain", "check_words").out
    done = plugin.atomci("run", "check_words", "--dry-run")
    assert (done.code, done.err.splitlines()[0]) == (3, f"error: {said}")
    done = plugin.atomci("run", "check_words", "--json")
    assert done["check_words"] == ("error", f"{said}; update the package that it comes from")


def test_the_pipelines_that_a_plugin_joins_list_it(plugin) -> None:
    rows = {row["name"]: row for row in json.loads(plugin.atomci("list", "--json").out)["pipelines"]}
    assert "check_words" in rows["triage"]["atoms"]
    assert "check_words" not in rows["e2e"]["atoms"]


def test_a_plugin_is_found_by_its_real_installed_metadata(plugin) -> None:
    assert (Path(plugin.env["PYTHONPATH"]) / "word_check-1.0.dist-info/entry_points.txt").is_file()
    del plugin.env["PYTHONPATH"]
    assert "check_words" not in plugin.atomci("list").out
