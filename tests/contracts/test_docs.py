"""The documents, the workflows and the repository's own set-up say what is so."""

import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
import pytest
import yaml

from atomci.analysis.parsers import PARSERS
from atomci.artifacts.handed.schemas import Lane, Status
from atomci.artifacts.printed.sync import Tier
from atomci.artifacts.published import SCHEMAS
from atomci.atoms.loading.builtin import built_in, catalog_of
from atomci.atoms.loading.load import Loader
from atomci.catalog import ATOMS
from atomci.cli import verbs as cli
from atomci.engine.inputs.files import matches
from atomci.engine.plan import Catalog, resolve
from atomci.project import Project
from atomci.settings import load_config
from atomci.testing.layers import E2E, INTEGRATION, UNIT
from atomci.testing.selection.settings import read_selection

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PROGRAMS = Path(sys.executable).parent
NAMES = {row.name for row in ATOMS}
PAGES = sorted(DOCS.glob("*.md"))
PLAYBOOKS = sorted((ROOT / "template").glob("*docs*/playbooks/*.md*"))
# The template's prose may be Jinja; what it calls is in plain text.
PROSE = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *PAGES,
    *(
        next((ROOT / "template").glob(name))
        for name in ("*AGENTS.md*", "README.md*", "*CONTRIBUTING.md*", "*docs*/README.md*")
    ),
    *PLAYBOOKS,
]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_CALL = re.compile(r"(?<![\w./-])atomci (?P<words>[^`|&;#\n]*)")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return [text for kind, text in _FENCE.findall(page(name)) if kind == language]


def program(name: str, *words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    found = shutil.which(name, path=PROGRAMS)
    assert found, f"{name} isn't installed: uv sync --all-groups"
    return subprocess.run(
        [found, *words], cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False
    )


def table(text: str, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without its head."""
    section = text.split(f"\n{heading}\n", 1)[1]
    found = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert found
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in found[0].splitlines()]
    return [[cell.strip() for cell in row] for row in rows[2:]]


# --- The site -----------------------------------------------------------------------------------


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    done = program("sphinx-build", "-q", "-W", "-n", "--keep-going", "-d", str(tmp_path / "doctrees"),
                   str(DOCS), str(tmp_path / "site"))  # fmt: skip

    assert done.returncode == 0, done.stderr
    atoms = (tmp_path / "site" / "atoms.html").read_text(encoding="utf-8")
    assert [row.name for row in ATOMS if f'id="{row.name.replace("_", "-")}"' not in atoms] == []
    front = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert f"Today {len(built_in())} of the {len(ATOMS)} atoms run" in front
    article = front.split("<article")[1].split("</article")[0]
    assert "<!-- " not in article
    assert 'class="terminal"' in article
    # What keeps code and tables whole on a narrow screen.
    assert "_static/site.css" in front
    running = (tmp_path / "site" / "running.html").read_text(encoding="utf-8")
    assert '<span class="head">means: </span>' in running


@pytest.mark.parametrize("path", [*PROSE, ROOT / "CHANGELOG.md"], ids=lambda path: path.name)
def test_no_page_lists_by_hand_which_phases_run(path: Path) -> None:
    assert not re.search(r"\bphases \d+(, \d+)+", path.read_text(encoding="utf-8")), "atomci list says it"


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_page_holds_a_path_of_somebodys_machine(path: Path) -> None:
    assert not re.search(r"/(root|home/\w+|Users/\w+|work|tmp)/", path.read_text(encoding="utf-8"))


def test_the_glossary_explains_the_words_of_the_code_and_the_first_pages_lead_there() -> None:
    rows = {
        word: text
        for part in ("The pipeline", "The template")
        for word, text in table(page("glossary.md"), f"## {part}\n")
    }
    assert rows.keys() >= {
        "atom",
        "phase",
        "pipeline",
        "gate",
        "layer",
        "outcome",
        "lane",
        "holds",
        "drift",
        "tier",
    }
    assert rows.keys() >= set(get_args(Tier))
    for word, values in (("outcome", Status), ("lane", Lane), ("tier", Tier)):
        assert [value for value in get_args(values) if value not in re.findall(r"\w+", rows[word])] == []
    for name in ("index.md", "tour.md", "running.md", "files.md", "updating.md", "adopting.md"):
        assert "(glossary.md)" in page(name), name


# --- Calls --------------------------------------------------------------------------------------


def calls(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Every `atomci ...` in code, with its line; a line that says planned may name what isn't built."""
    text = path.read_text(encoding="utf-8")
    fenced = [(body, body) for kind, body in _FENCE.findall(text) if kind in ("console", "sh")]
    prose = _FENCE.sub("", text)
    inline = [(code, line) for line in prose.splitlines() for code in _CODE.findall(line)]
    for code, line in [*((ln, ln) for body, _ in fenced for ln in body.splitlines()), *inline]:
        if "planned" in line:
            continue
        for match in _CALL.finditer(code):
            words = shlex.split(match["words"])
            # An output's line begins with what it is about, and `atomci` alone is the command's name.
            if words and re.fullmatch(r"-*[a-z]+|VERB", words[0]):
                yield line.strip(), words


def all_calls() -> list[Any]:
    found = [(path, line, words) for path in PROSE for line, words in calls(path)]
    return [pytest.param(p, ln, w, id=f"{p.name}-{n}") for n, (p, ln, w) in enumerate(found)]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return catalog_of({})


@pytest.mark.parametrize(("path", "line", "words"), all_calls())
def test_what_a_page_says_to_type_exists(path: Path, line: str, words: list[str], catalog: Catalog) -> None:
    verb = words[0]
    if verb.startswith("-"):
        assert verb in ("--help", "--version"), line
        return
    assert verb in cli._VERBS, f"{path.name}: {line}"
    command = cli._atomci.get_command(click.Context(cli._atomci), verb)  # type: ignore[attr-defined]
    commands = [command, *getattr(command, "commands", {}).values()]
    known = {option for each in commands for parameter in each.params for option in parameter.opts}
    known |= {"--help", "-h"}
    own = words[1 : words.index("--")] if "--" in words else words[1:]
    assert [word for word in own if word.startswith("-") and word not in known] == [], line
    if words[:2] in (["explain", "impact"], ["explain", "fix"]):
        return  # not targets
    if verb in ("run", "check", "explain", "graph"):
        for target in targets(words[1:]):
            named = resolve(target, catalog)
            assert not (verb == "run" and any(catalog.planned(name) for name in named)), line


def targets(words: list[str]) -> Iterator[str]:
    with_value = {
        "--since",
        "--shard",
        "--shards-from",
        "--jobs",
        "-j",
        "--project",
        "--format",
        "--rounds",
        "--wait",
    }
    for before, word in zip(["", *words], words, strict=False):
        # Capitals stand for what the reader puts there; Jinja in the template's prose too.
        stands_in = re.search(r"[A-Z{.]", word) or word == "find_open_todos"
        if not word.startswith("-") and before not in with_value and not stands_in:
            yield word


def test_pages_make_enough_calls_for_these_tests_to_mean_something() -> None:
    found = [words[0] for path in PROSE for _, words in calls(path)]
    assert set(found) >= set(cli._VERBS)
    assert len(found) > 40


def test_every_task_that_a_page_names_exists() -> None:
    template = (ROOT / "template" / "Taskfile.yml.jinja").read_text(encoding="utf-8")
    own = yaml.safe_load((ROOT / "Taskfile.yml").read_text(encoding="utf-8"))["tasks"]
    there = set(re.findall(r"^  ([\w-]+):$", template, re.MULTILINE))
    named = {
        name
        for path in PROSE
        for name in re.findall(r"`task ([a-z][\w-]*)", path.read_text(encoding="utf-8"))
    }
    assert "ci" in named
    assert named <= there
    by_answer = {"pester", "record", "watch"}
    assert there - by_answer <= own.keys(), "our Taskfile has the template's tasks, as docs/dogfood.md says"


# --- Examples -----------------------------------------------------------------------------------


def atom_tables() -> list[str]:
    found = [text for name in ("swapping.md", "tour.md") for text in blocks(name, "toml")]
    playbook = next(path for path in PLAYBOOKS if path.name.startswith("infra")).read_text(encoding="utf-8")
    found += [text for kind, text in _FENCE.findall(playbook) if kind == "toml"]
    return [text for text in found if "[tool.atomci" in text]


@pytest.mark.parametrize("text", atom_tables())
def test_an_example_table_is_taken(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")

    config = load_config(Project(tmp_path), NAMES)

    assert config.atoms.keys() == tomllib.loads(text)["tool"]["atomci"]["atoms"].keys()
    for swap in config.atoms.values():
        assert swap.reads is None or swap.reads in PARSERS


def test_every_key_and_parser_is_explained() -> None:
    text = page("swapping.md")
    examples = [tomllib.loads(text)["tool"]["atomci"]["atoms"] for text in atom_tables()]
    shown = {key for example in examples for swap in example.values() for key in swap}
    from atomci.engine.config import AtomConfig

    assert shown == set(AtomConfig.__struct_fields__)
    assert [name for name in PARSERS if f"| `{name}` |" not in text] == []


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """The package of docs/swapping.md, installed in a folder for PYTHONPATH."""
    site = tmp_path / "site"
    for text in blocks("swapping.md", "python"):
        first = text.splitlines()[0]
        assert first.startswith("# acme/"), first
        file = site / first.removeprefix("# ")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (site / "acme" / "__init__.py").touch()
    (settings,) = [tomllib.loads(text) for text in blocks("swapping.md", "toml") if "entry-points" in text]
    project = settings["project"]
    info = site / f"acme_todos-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    points = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in rows.items())
        for group, rows in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(points))
    return site


def test_the_example_plugin_runs(acme: Path, sample: Any) -> None:
    listed = json.loads(sample.atomci("list", "--json", PYTHONPATH=str(acme)).out)
    assert "find_open_todos" in [row["name"] for row in listed["atoms"]]

    green = sample.atomci("run", "triage", "--json", PYTHONPATH=str(acme))
    assert (green.code, green.statuses["find_open_todos"]) == (0, "pass"), green.out + green.err

    sample.append("src/demo/words.py", "\n# TODO: whisper\n# TODO: sing, see #12\n")
    red = sample.atomci("run", "triage", PYTHONPATH=str(acme))
    assert red.code == 1
    assert re.search(r"src/demo/words\.py:\d+:1: error: this TODO names no issue \[TODO\]", red.out)
    assert red.out.count("[TODO]") == 1

    check = sample.atomci("check", "find_open_todos", PYTHONPATH=str(acme))
    assert (check.code, "names no issue" in check.out) == (1, True)


def test_the_example_function_stands_in(acme: Path, sample: Any) -> None:
    (text,) = [text for text in atom_tables() if "use =" in text]
    sample.append("pyproject.toml", f"\n{text}")

    done = sample.atomci("run", "parallelize_unit_suite_optional", PYTHONPATH=str(acme))

    assert done.code == 0, done.out + done.err
    assert sample.json("artifacts/tests/parallel.json")["workers"] == 4


def test_the_example_of_ruffs_format_stands_in(real_sample: Any) -> None:
    (text,) = [text for text in blocks("tour.md", "toml") if "[tool.atomci" in text]
    assert text in blocks("swapping.md", "toml")
    real_sample.append("pyproject.toml", f"\n{text}")
    assert real_sample.atomci("run", "run_black_check").code == 0

    real_sample.append("src/demo/words.py", "LOUD  =  1\n")
    red = real_sample.atomci("run", "run_black_check")

    assert red.code == 1
    assert re.search(r"src/demo/words\.py:\d+:\d+: error: ", red.out)


# --- Artifacts ----------------------------------------------------------------------------------


def test_every_schema_is_linked_and_there() -> None:
    linked = set(re.findall(r"schemas/([\w-]+)\.schema\.json", page("artifacts.md")))
    published = {path.name.removesuffix(".schema.json") for path in DOCS.glob("schemas/*.schema.json")}
    assert linked == set(SCHEMAS) == published, "uv run docs/schemas/generate.py"


def test_every_artifact_of_the_page_is_written_by_the_atom_it_names() -> None:
    by_id = {row.id: row for row in ATOMS}
    rows = table(page("artifacts.md"), "## What atoms leave")
    assert rows
    for paths, by, *_ in rows:
        first, *rest = [by_id[name] for name in re.findall(r"#(atom_\d+)", by)]
        last = rest[-1] if rest else first
        written = [glob for row in ATOMS[first.number : last.number + 1] for glob in row.writes]
        for path in _CODE.findall(paths):
            fits = matches(path, written) or any(matches(glob, [path]) for glob in written)
            assert fits, f"{path} by {by}"


# --- Messages -----------------------------------------------------------------------------------


def test_every_message_of_troubleshooting_is_one_of_ours() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "src" / "atomci").rglob("*.py"))
    )
    text = page("troubleshooting.md")
    rows = table(text, "## Exit code 3: something broke")
    quoted = [message for row in rows for message in _CODE.findall(row[0]) if not message.startswith("artif")]
    quoted += re.findall(r"`(no [^`]+|there is [^`]+)`", text.replace("\n", " ").split("## Exit code 2")[0])
    assert len(quoted) > 20
    for message in quoted:
        for part in filter(None, (part.strip() for part in message.split("…"))):
            assert part in source, message


# --- The template -------------------------------------------------------------------------------

GOLDEN = ROOT / "tests" / "golden"


def answers_of(tree: Path) -> dict[str, Any]:
    answers: dict[str, Any] = yaml.safe_load((tree / ".copier-answers.yml").read_text(encoding="utf-8"))
    return answers


def folded(tree: Path) -> set[str]:
    """The paths of a rendered tree, its package's name replaced; without the caches of tools that came by."""
    package = f"src/{answers_of(tree)['package_name']}/"
    words = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(words, cwd=tree, capture_output=True, text=True, check=True).stdout.split("\0")
    return {path.replace(package, "src/PACKAGE/") for path in listed if path and (tree / path).is_file()}


def test_every_question_has_its_paragraph_in_its_group() -> None:
    text = (ROOT / "copier.yml").read_text(encoding="utf-8")
    details = yaml.safe_load(text)
    wanted = []
    for group, name in re.findall(r"^# --- (.+?) -+$|^([a-z]\w*):", text, re.MULTILINE):
        if group and not group.startswith("Computed"):
            wanted.append(group)
        elif name and details[name].get("when") is not False:
            wanted.append(f"`{name}`")
    assert len(wanted) > 10

    sections = re.findall(r"^##+ (.+)\n\n(?=(.*))", page("questions.md"), re.MULTILINE)

    assert [title for title, _ in sections] == wanted
    assert [title for title, first in sections if title.startswith("`") and first.startswith("#")] == []
    for name in (name.strip("`") for name in wanted if name.startswith("`")):
        section = page("questions.md").split(f"### `{name}`\n")[1].split("\n#")[0]
        if listed := re.findall(r"^- `([\w-]+)`: ", section, re.MULTILINE):
            choices = details[name]["choices"]
            assert listed == list(choices.values() if isinstance(choices, dict) else choices), name


_WORD = re.compile(r"[\w-]+")


REFINING = ("integrations", "systems", "checks")


def brought_by(answers: dict[str, Any]) -> set[str]:
    """The words of the table for what a profile and its integrations bring."""
    if answers["profile"] == "minimal":
        return set()
    if answers["profile"] == "everything":
        questions = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
        brought = {name for question in REFINING for name in questions[question]["choices"].values()}
        return {"standard", "wrapper_scripts", *brought}
    with_scripts = answers["wrapper_scripts"] or "powershell" in answers["integrations"]
    chosen = {name for question in REFINING for name in answers[question]}
    return {"standard", *chosen, *(["wrapper_scripts"] if with_scripts else [])}


def test_every_rendered_file_has_a_reason_and_its_tier() -> None:
    from pathspec import GitIgnoreSpec

    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in page("files.md").splitlines()
        if re.match(r"\| `[^|]+` \| .+ \| .+ \| .+ \|$", line)
    ]
    told = {file.strip("`"): (there.strip("`"), tier) for file, there, tier, _ in rows}
    assert len(told) == len(rows)
    assert all(why for *_, why in rows)
    rules = tomllib.loads((ROOT / "ownership.toml").read_text(encoding="utf-8"))["rule"]
    for path, (_, tier) in told.items():
        owners = [rule["tier"] for rule in rules if GitIgnoreSpec.from_lines(rule["paths"]).match_file(path)]
        assert owners == [tier], path

    made_later = {path for path, (_, tier) in told.items() if tier == "generated"}
    trees = sorted(GOLDEN.iterdir())
    rendered = {tree.name: folded(tree) for tree in trees}
    assert told.keys() - made_later == set().union(*rendered.values())
    assert made_later == {
        path.strip("/") for rule in rules if rule["tier"] == "generated" for path in rule["paths"]
    }
    for tree in trees:
        answers = answers_of(tree)
        given = {"always", answers["kind"], answers["dependency_manager"], *brought_by(answers)}
        given.add("sample" if answers["sample"] else "empty")
        given |= {"program"} if answers["kind"] != "library" else set()
        wanted = {path for path, (there, _) in told.items() if set(_WORD.findall(there)) <= given}
        wanted -= made_later
        assert rendered[tree.name] == wanted, tree.name


@pytest.fixture
def tagged(tmp_path: Path) -> Path:
    """The template in a repository of its own, at a tag."""
    source = tmp_path / "source" / "atomci"
    source.mkdir(parents=True)
    shutil.copyfile(ROOT / "copier.yml", source / "copier.yml")
    for name in ("includes", "template"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    git(source, "init", "--quiet")
    git(source, "add", "--all")
    commit(source, "v1.2.0")
    return source


def git(folder: Path, *words: str) -> None:
    done = subprocess.run(
        ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com", *words],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def commit(folder: Path, tag: str) -> None:
    git(folder, "commit", "--quiet", "--allow-empty", "--message", tag)
    git(folder, "tag", tag)


def test_copiers_settings_are_defaults_for_everyone(
    tagged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import copier

    (text,) = [text for text in blocks("hosting.md", "yaml") if text.startswith("# settings.yml\n")]
    assert yaml.safe_load(text).keys() == {"defaults", "trust"}
    settings = tmp_path / "settings.yml"
    settings.write_text(text, encoding="utf-8")
    dest = tmp_path / "dest"
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(settings))

    copier.run_copy(str(tagged), dest, data={"licence": "BSD-3-Clause"}, defaults=True, quiet=True)

    wanted = yaml.safe_load(text)["defaults"]
    assert wanted.pop("licence") != "BSD-3-Clause"
    answers = answers_of(dest)
    assert {name: answers[name] for name in wanted} == wanted
    assert answers["licence"] == "BSD-3-Clause"

    # What a repository has recorded outlives other settings.
    settings.write_text("defaults:\n  author_name: Another\n  licence: MIT\n", encoding="utf-8")
    git(dest, "init", "--quiet")
    git(dest, "add", "--all")
    git(dest, "commit", "--quiet", "--message=mine")
    commit(tagged, "v1.3.0")
    copier.run_update(dest, defaults=True, overwrite=True, quiet=True)
    assert answers_of(dest) == answers | {"_commit": "v1.3.0"}

    # Names that nobody asks for and keys that nobody reads say nothing; an unknown choice is refused.
    settings.write_text("default:\n  licence: MIT\ndefaults:\n  colour: red\n", encoding="utf-8")
    copier.run_copy(str(tagged), tmp_path / "silent", defaults=True, quiet=True)
    settings.write_text("defaults:\n  licence: Beer\n", encoding="utf-8")
    with pytest.raises(ValueError, match="Beer"):
        copier.run_copy(str(tagged), tmp_path / "refused", defaults=True, quiet=True)


def test_a_file_of_answers_goes_before_the_settings_at_a_forks_tag(
    tagged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, settings = blocks("hosting.md", "yaml")
    file = tmp_path / "acme.yml"
    file.write_text(text, encoding="utf-8")
    (tmp_path / "settings.yml").write_text(settings, encoding="utf-8")
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(tmp_path / "settings.yml"))
    tag = "v1.2.0.post1"
    assert f"git tag {tag}\n" in page("hosting.md")
    commit(tagged, tag)
    words = ("--template", str(tagged), "--data-file", str(file), "--defaults", "--no-bootstrap")

    done = program("atomci", "new", str(tmp_path / "dest"), *words, "-d", "repository_owner=other")

    assert done.returncode == 0, done.stderr
    answers = answers_of(tmp_path / "dest")
    wanted = yaml.safe_load(text) | {"repository_owner": "other", "_commit": tag}
    assert {name: answers[name] for name in wanted} == wanted
    assert f'tag = "{tag}"' in (tmp_path / "dest" / "pyproject.toml").read_text(encoding="utf-8")


# What a cell of atomci's column goes by: a file of the tree with default answers, and words in it.
COMPARED = {
    "CI enforces the lock": (".github/workflows/ci.yml", "uv run --locked"),
    "hook against conflict markers": (".pre-commit-config.yaml", "check-merge-conflict"),
    "minimum coverage": ("pyproject.toml", "fail_under = 90"),
    "systems in CI": (".github/workflows/ci.yml", "runs-on: ubuntu"),
    "Pythons in CI": (".github/workflows/ci.yml", '["3.11", "3.12", "3.13", "3.14", "3.15"]'),
    "looks for insecure code": (".github/workflows/ci.yml", "run --locked bandit"),
    "looks for known vulnerabilities": (".github/workflows/audit.yml", "audit"),
    "one required check for all jobs": (".github/workflows/ci.yml", "name: Required"),
    "least permissions in workflows": (".github/workflows/ci.yml", "permissions: {}"),
    "scans for secrets": (".pre-commit-config.yaml", "detect-secrets-hook"),
    "publishes to PyPI": (".github/workflows/release.yml", "gh-action-pypi-publish"),
    "attests what is built": (".github/workflows/release.yml", "attest-build-provenance"),
    "new versions of dependencies": (".github/dependabot.yml", "package-ecosystem: uv"),
    "VS Code": (".vscode/settings.json", "python"),
    "`AGENTS.md`": ("AGENTS.md", "atomci"),
}


def test_our_column_among_other_templates_is_about_what_is_rendered() -> None:
    rows = table(page("compare.md"), "## What is rendered")
    assert {len(row) for row in rows} == {10}
    ours = {name: cell for name, cell, *_ in rows}
    tree = GOLDEN / "library"
    for name, (file, words) in COMPARED.items():
        assert ours[name] != "no"
        assert words in (tree / file).read_text(encoding="utf-8"), name
    assert ours["`CLAUDE.md`"] == "no"
    assert not (tree / "CLAUDE.md").exists()
    workflows_ = "".join(path.read_text(encoding="utf-8") for path in workflows(tree / ".github"))
    assert "windows" not in workflows_
    assert "macos" not in workflows_
    full = "".join(path.read_text(encoding="utf-8") for path in workflows(GOLDEN / "service-full/.github"))
    by_answer = {
        "systems in CI": ("windows-2025", "macos-15"),
        "job with the lowest dependencies": ("--resolution lowest-direct",),
        "zizmor": (" zizmor --offline",),
    }
    for name, words_ in by_answer.items():
        assert ours[name].endswith("optional")
        assert all(word in full and word not in workflows_ for word in words_), name
    assert ours["version from tags"] == "no"
    assert '\nversion = "' in (tree / "pyproject.toml").read_text(encoding="utf-8")
    assert ours["waits before it takes a new release"] == "optional"
    waits = [
        name
        for name in ("library", "service-full")
        if "exclude-newer" in (GOLDEN / name / "pyproject.toml").read_text(encoding="utf-8")
    ]
    assert waits == ["service-full"]
    for name, file in (("devcontainer", ".devcontainer"), ("Docker image", "Dockerfile")):
        assert ours[name] == "optional"
        assert not (tree / file).exists()
        assert (GOLDEN / "service-full" / file).exists()

    tests = {name: cell for name, cell, *_ in table(page("compare.md"), "## How the template is tested")}
    assert tests["compares renders"] == f"with {len(list(GOLDEN.iterdir()))} committed trees"
    lacking = [name for name, cell in ours.items() if cell == "no"]
    assert [
        name for name in lacking if f"\n| {name} | " not in page("compare.md").split("atomci lacks")[1]
    ] == []


def test_what_was_measured_names_each_template_and_counts_our_files_as_they_are() -> None:
    """bench/templates.py measures; the profile `everything` has no committed tree to count."""
    page_names = {"mgaitan": "python-package-copier-template", "Diamond": "python-copier-template"}
    found = {name: cells for name, *cells in table(page("compare.md"), "## From a question to green")}
    peers = runpy.run_path(str(ROOT / "bench" / "peers.py"))["PEERS"]
    assert {page_names.get(name, name.replace(": ", "-")) for name in found} == peers.keys()
    for profile, tree in (("minimal", "library-minimal"), ("standard", "library")):
        assert found[f"atomci: {profile}"][0] == str(len(folded(GOLDEN / tree)))


# --- Our own repository -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template with its default answers, from a copy without history."""
    import copier

    source = tmp_path_factory.mktemp("source") / "atomci"
    source.mkdir()
    shutil.copyfile(ROOT / "copier.yml", source / "copier.yml")
    for name in ("includes", "template"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    dest = tmp_path_factory.mktemp("rendered") / "package"
    copier.run_copy(str(source), dest, defaults=True, quiet=True)
    return dest


def test_every_rendered_file_is_in_the_table_of_what_we_run_ourselves(rendered: Path) -> None:
    told = [(_CODE.findall(files), here) for files, here, _ in table(page("dogfood.md"), "## Files")]
    package = yaml.safe_load((rendered / ".copier-answers.yml").read_text())["package_name"]
    files = [path.relative_to(rendered).as_posix() for path in rendered.rglob("*") if path.is_file()]
    used = set()
    for path in files:
        ours = ROOT / path
        same = ours.is_file() and ours.read_bytes() == (rendered / path).read_bytes()
        found = "same" if same else "adapted" if ours.exists() else "not here"
        shown = path.replace(f"src/{package}/", "src/PACKAGE/")
        rows = [(glob, here) for globs, here in told for glob in globs if matches(shown, [glob])]
        used.update(glob for glob, _ in rows)
        assert [here for _, here in rows] == ([] if found == "same" else [found]), path
    assert used == {glob for globs, _ in told for glob in globs}


def test_our_hook_before_a_push_is_the_rendered_one_and_selects(rendered: Path) -> None:
    def hook(root: Path) -> dict[str, object]:
        text = (root / ".pre-commit-config.yaml").read_text(encoding="utf-8")
        hooks = [hook for repo in yaml.safe_load(text)["repos"] for hook in repo["hooks"]]
        return next(hook for hook in hooks if "pre-push" in hook.get("stages", ()))

    assert hook(ROOT) == hook(rendered)
    assert read_selection(Project(ROOT)).local != "never"


def test_nothing_is_broken_here_and_the_page_lists_what_is_switched_off() -> None:
    told = {name for row in table(page("dogfood.md"), "## Checks that are switched off here")
            for name in _CODE.findall(row[0])}  # fmt: skip
    # Without those of the machine, of a clone and of runs, which the page tells apart.
    numbers = (3, 6, 8, *range(14, 19), 20, 21, 47, 66, 72, 73, 74, 75, *range(76, 81), 101, 108, 109)
    asked = [f"atom_{number:03d}" for number in numbers]
    done = subprocess.run(
        [sys.executable, "-m", "atomci", "check", "--json", *asked],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    answers = json.loads(done.stdout)["atoms"]
    assert len(answers) == len(asked)
    broken = {row["atom"]: row["evidence"] for row in answers if row["status"] == "broken"}
    off = {row["atom"] for row in answers if row["evidence"] == ["disabled in pyproject.toml"]}
    assert not broken, json.dumps(broken, indent=1)
    assert off == told


def workflows(folder: Path = ROOT / ".github") -> list[Path]:
    return sorted([*folder.rglob("*.yml"), *folder.rglob("*.yaml")])


@pytest.mark.parametrize(
    "words",
    [
        ("task", "--list-all"),
        ("pre-commit", "validate-config", ".pre-commit-config.yaml"),
        ("pre-commit", "validate-manifest", ".pre-commit-hooks.yaml"),
    ],
    ids=lambda words: " ".join(words[:3]),
)
def test_the_linters_find_nothing_in_our_own_files(words: tuple[str, ...]) -> None:
    done = program(*words)
    assert done.returncode == 0, done.stdout + done.stderr


def pins(text: str) -> dict[str, str]:
    """Actions and what they are pinned to, comment included."""
    return dict(re.findall(r"^\s*(?:- )?uses: ([\w./-]+)@(.+)$", text, re.MULTILINE))


def test_every_action_is_pinned_and_the_templates_pins_are_ours() -> None:
    own: dict[str, str] = {}
    for path in [*workflows(), ROOT / "action.yml"]:
        text = path.read_text(encoding="utf-8")
        assert len(re.findall(r"\buses:", text)) == len(
            re.findall(r"\buses: [\w./-]+@[0-9a-f]{40} # v\d", text)
        )
        own |= pins(text)
    assert own
    for path in (ROOT / "template" / ".github").rglob("*.jinja"):
        for action, pin in pins(path.read_text(encoding="utf-8")).items():
            if action in own:
                assert own[action] == pin.partition("{{")[0].strip(), f"{action} in {path.name}"


def test_ci_runs_every_layer_of_tests_and_waits_for_every_job() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]
    said = {name: " ".join(str(step.get("run", "")) for step in job["steps"]) for name, job in jobs.items()}
    for layer in ("unit", "integration", "e2e"):
        assert f"atomci run {layer}" in said[layer]
    for layer in ("integration", "e2e"):  # the README's command for all tests installs all groups too
        assert "uv run --locked --all-groups" in said[layer]
    assert set(jobs["required"]["needs"]) == jobs.keys() - {"required"}
    assert all(job["timeout-minutes"] for job in jobs.values())


def test_atomcis_layers_hold_every_test() -> None:
    folders = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").rglob("test_*.py")}
    layers = [name for layer in (UNIT, INTEGRATION, E2E) for name in (layer.folder, *layer.also)]
    assert {f"tests/{folder}" for folder in folders - {"golden"}} <= set(layers)


def test_a_local_hook_runs_the_locked_tools() -> None:
    loaded = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook for repo in loaded["repos"] for hook in repo["hooks"]]
    assert {repo["repo"] for repo in loaded["repos"]} == {"local"}
    assert [hook["id"] for hook in hooks if not hook["entry"].startswith("uv run --frozen ")] == []
    assert [hook["id"] for hook in hooks if hook.get("stages") == ["pre-push"]] == ["local-ci"]
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["dev"]
    declared = {re.split(r"[>=\[]", row)[0] for row in groups}
    assert declared >= {"ruff", "black", "pre-commit-hooks", "detect-secrets"}


@pytest.mark.skipif(os.name == "nt", reason="no executable bit on disk")
def test_the_scripts_can_be_started() -> None:
    assert os.access(ROOT / "scripts/local_ci.sh", os.X_OK)


def test_our_own_tables_are_taken() -> None:
    assert Loader(Project(ROOT)).config is not None
