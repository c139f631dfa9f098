"""What a repository says of itself, found where it says so."""

from collections.abc import Mapping
from typing import Any

import pytest

from atomci.adopt.existing import Existing, Inferred, Layout
from atomci.adopt.inference import answers_to, refuse_invented_names
from atomci.artifacts.printed.sync import InferredAnswer
from atomci.errors import RefusedError

OWN = ("kind", "dependency_manager", "integrations")
MIT = "Permission is hereby granted,\n   free of charge, to any person obtaining a copy of this"
BSD_2 = "Redistribution and use in source and binary forms, with or without modification"


def existing(
    files: Mapping[str, str] | None = None, remote: str = "", branches: Mapping[str, str] | None = None
) -> Existing:
    texts = files or {}
    return Existing(frozenset(texts), texts.__getitem__, remote, branches or {})


def pyproject(text: str, **files: str) -> Existing:
    return existing({"pyproject.toml": text, **files})


def answer(repository: Existing, question: str) -> Inferred | None:
    return answers_to(repository, (question, *OWN)).get(question)


@pytest.mark.parametrize(
    ("questions", "named"),
    [
        (("license", "module_name"), {"license": "MIT", "module_name": "thing"}),
        (("licence", "package_name"), {"licence": "MIT", "package_name": "thing"}),
        (("author", "email", "full_name"), {"author": "Ann", "full_name": "Ann", "email": "a@example.com"}),
        (("github_username", "colour"), {"github_username": "org"}),
        ((), {}),
    ],
)
def test_a_fact_answers_every_question_known_to_ask_for_it(
    questions: tuple[str, ...], named: dict[str, str]
) -> None:
    repository = existing(
        {
            "pyproject.toml": '[project]\nname = "thing"\nlicense = "MIT"\n'
            'authors = [{name = "Ann", email = "a@example.com"}]\n',
            "thing/__init__.py": "",
        },
        remote="git@github.com:org/thing.git",
    )

    found = answers_to(repository, questions)

    assert {name: fact.value for name, fact in found.items()} == named


def test_questions_of_the_own_template_are_answered_only_where_all_of_them_are_asked() -> None:
    repository = existing({"uv.lock": ""})

    assert answers_to(repository, OWN) == {
        "dependency_manager": Inferred("uv", "uv.lock"),
        "integrations": Inferred([], "no file of any of them"),
    }
    assert answers_to(repository, ("dependency_manager", "integrations")) == {}


@pytest.mark.parametrize("question", ["project_name", "description", "author_name", "licence", "python_min",
                                      "repository_owner", "default_branch", "package_name", "kind"])  # fmt: skip
def test_an_empty_repository_answers_nothing(question: str) -> None:
    assert answer(existing(), question) is None


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        (
            '[project]\nname = " a "\n[tool.poetry]\nname = "b"\n',
            Inferred("a", "pyproject.toml: project.name"),
        ),
        (
            '[project]\nname = ""\n[tool.poetry]\nname = "b"\n',
            Inferred("b", "pyproject.toml: tool.poetry.name"),
        ),
        ("[project]\nname = 3\n", Inferred("c", "setup.cfg: metadata.name")),
        ("[project\n", Inferred("c", "setup.cfg: metadata.name")),
        ('project = "x"\n', Inferred("c", "setup.cfg: metadata.name")),
    ],
)
def test_the_first_place_that_names_the_project_counts(text: str, fact: Inferred) -> None:
    repository = existing(
        {"pyproject.toml": text, "setup.cfg": "[metadata]\nname = c\n"}, remote="https://github.com/o/d"
    )

    assert answer(repository, "project_name") == fact


@pytest.mark.parametrize(
    "text",
    ["[metadata]\ndescription = attr: a.b\n", "[metadata]\ndescription = file: README\n", "no section\n",
     "[metadata]\ndescription =\n  one\n  two\n", "[metadata]\n", "[options]\ndescription = x\n"],
)  # fmt: skip
def test_setup_cfg_answers_only_with_a_plain_value(text: str) -> None:
    assert answer(existing({"setup.cfg": text}), "description") is None


@pytest.mark.parametrize(
    ("remote", "name", "owner"),
    [
        ("git@github.com:org/name.git", "name", "org"),
        ("https://github.com/org/name", "name", "org"),
        ("https://github.com/org/name/", "name", "org"),
        ("https://github.com/org/name.git/", "name", "org"),
        ("ssh://git@github.com/org/name.git", "name", "org"),
        ("https://gitlab.com/org/name.git", "name", None),
        ("/srv/git/name.git", "name", None),
        ("", None, None),
    ],
)
def test_the_remote_tells_name_and_on_github_the_owner(
    remote: str, name: str | None, owner: str | None
) -> None:
    repository = existing(remote=remote)
    where = "the remote origin"

    assert answer(repository, "project_name") == (Inferred(name, where) if name else None)
    assert answer(repository, "repository_name") == (Inferred(name, where) if name else None)
    assert answer(repository, "repository_owner") == (Inferred(owner, where) if owner else None)


@pytest.mark.parametrize(
    ("paths", "layout"),
    [
        (["src/one/__init__.py", "src/one/a.py", "src/two/__init__.py"], Layout("one", "src/one", "src")),
        (
            ["src/my_thing/a.py", "src/big/a.py", "src/big/b.py", "src/big/c.py"],
            Layout("my_thing", "src/my_thing", "src"),
        ),
        (["src/one.py"], Layout("one", "src/one.py", "src")),
        (["src/a/__init__.py", "my_thing/__init__.py"], Layout("a", "src/a", "src")),
        (["src/data.json", "flat/__init__.py"], Layout("flat", "flat", "folder")),
        (["tests/__init__.py", "docs/__init__.py", "flat/__init__.py"], Layout("flat", "flat", "folder")),
        (["my_thing.py", "setup.py"], Layout("my_thing", "my_thing.py", "module")),
        (["other.py", "not-a-name/__init__.py", "deep/er/__init__.py", "tests/__init__.py"], None),
    ],
)
def test_the_package_is_the_projects_namesake_or_the_largest_and_src_comes_first(
    paths: list[str], layout: Layout | None
) -> None:
    texts = dict.fromkeys(paths, "") | {"pyproject.toml": '[project]\nname = "My-Thing"\n'}
    repository = existing(texts)

    assert repository.layout == layout
    assert answer(repository, "package_name") == (Inferred(layout.package, layout.path) if layout else None)


def test_a_project_called_setup_has_no_module_of_that_name() -> None:
    assert pyproject('[project]\nname = "setup"\n', **{"setup.py": ""}).layout is None


@pytest.mark.parametrize(
    ("text", "name", "email"),
    [
        ('[project]\nauthors = [{name = "Ann"}, {name = "Bob", email = "b@example.com"}]\n',
         Inferred("Ann", "pyproject.toml: project.authors"),
         Inferred("b@example.com", "pyproject.toml: project.authors")),
        ('[tool.poetry]\nauthors = ["Ann Lee <a@example.com>", "Bob"]\n',
         Inferred("Ann Lee", "pyproject.toml: tool.poetry.authors"),
         Inferred("a@example.com", "pyproject.toml: tool.poetry.authors")),
        ('[tool.poetry]\nauthors = ["Ann"]\n', Inferred("Ann", "pyproject.toml: tool.poetry.authors"),
         Inferred("c@example.com", "setup.cfg: metadata.author_email")),
        ('[project]\nauthors = ["Ann"]\n', Inferred("Cay", "setup.cfg: metadata.author"),
         Inferred("c@example.com", "setup.cfg: metadata.author_email")),
    ],
)  # fmt: skip
def test_the_first_author_with_a_name_and_with_an_address_counts(
    text: str, name: Inferred, email: Inferred
) -> None:
    setup = "[metadata]\nauthor = Cay\nauthor_email = c@example.com\n"
    repository = pyproject(text, **{"setup.cfg": setup})

    assert (answer(repository, "author_name"), answer(repository, "author_email")) == (name, email)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ('[project]\nlicense = "Apache 2.0"\n', Inferred("Apache-2.0", "pyproject.toml: project.license")),
        ('[project]\nlicense = "ISC"\n', Inferred("ISC", "pyproject.toml: project.license")),
        ('[project.license]\ntext = " MIT License "\n', Inferred("MIT", "pyproject.toml: project.license.text")),
        ('[project.license]\ntext = """All\nof it"""\n', Inferred("BSD-2-Clause", "LICENSE")),
        ('[project.license]\nfile = "LICENSE"\n', Inferred("BSD-2-Clause", "LICENSE")),
        ('[tool.poetry]\nlicense = "BSD"\n', Inferred("BSD-3-Clause", "pyproject.toml: tool.poetry.license")),
        ('[project]\nclassifiers = ["Topic :: A", "License :: OSI Approved :: MIT License"]\n',
         Inferred("MIT", "pyproject.toml: project.classifiers")),
        ('[project]\nclassifiers = ["License :: Other/Proprietary License"]\n',
         Inferred("Proprietary", "pyproject.toml: project.classifiers")),
    ],
)  # fmt: skip
def test_a_declared_licence_counts_before_the_file(text: str, fact: Inferred) -> None:
    assert answer(pyproject(text, LICENSE=BSD_2), "licence") == fact


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        ("LICENCE.md", MIT, "MIT"),
        ("license.txt", f"{BSD_2}\nNeither the name of the holder", "BSD-3-Clause"),
        ("COPYING", BSD_2, "BSD-2-Clause"),
        ("LICENSE", "gnu affero general public license", "AGPL-3.0"),
        ("LICENSE", "GNU LESSER GENERAL\nPUBLIC LICENSE, of the GNU GENERAL PUBLIC LICENSE", "LGPL"),
        ("LICENSE", "Do as you please.", "another licence"),
    ],
)
def test_a_licence_is_known_by_its_text(path: str, text: str, name: str) -> None:
    assert answer(existing({path: text}), "licence") == Inferred(name, path)


@pytest.mark.parametrize("path", ["LICENSE.py", "docs/LICENSE", "LICENSES/MIT.txt"])
def test_other_files_hold_no_licence(path: str) -> None:
    assert answer(existing({path: MIT}), "licence") is None


@pytest.mark.parametrize(
    ("text", "oldest"),
    [
        (">=3.11", "3.11"),
        (">=3.11.4,<4", "3.11"),
        (">3.9,!=3.10.*", "3.9"),
        ("~=3.10", "3.10"),
        ("==3.12.*", "3.12"),
        ("^3.9", "3.9"),
        (">=2.7", "3.0"),
        (">=4", None),
        ("three", None),
    ],
)
@pytest.mark.parametrize(
    ("path", "table", "source"),
    [
        ("pyproject.toml", '[project]\nrequires-python = "{}"\n', "project.requires-python"),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies]\npython = "{}"\n',
            "tool.poetry.dependencies.python",
        ),
        ("setup.cfg", "[options]\npython_requires = {}\n", "options.python_requires"),
    ],
)
def test_the_oldest_python_is_the_lowest_that_the_specifier_lets_in(
    path: str, table: str, source: str, text: str, oldest: str | None
) -> None:
    found = answer(existing({path: table.format(text)}), "python_min")

    assert found == (Inferred(oldest, f"{path}: {source}") if oldest else None)


@pytest.mark.parametrize(
    ("text", "requirements", "fact"),
    [
        ('[project]\ndependencies = ["FastAPI[all]>=0.1"]\n[project.scripts]\na = "a:b"\n', "",
         Inferred("service", "fastapi in pyproject.toml: project.dependencies")),
        ('[tool.poetry.dependencies]\nFastAPI = "*"\n', "fastapi\n",
         Inferred("service", "fastapi in pyproject.toml: tool.poetry.dependencies")),
        ("", "# fastapi no more\n-r fastapi.txt\n fastapi==1 # yes\n",
         Inferred("service", "fastapi in requirements.txt")),
        ('[project]\ndependencies = ["fastapi-users"]\n[project.scripts]\na = "a:b"\n', "",
         Inferred("cli", "pyproject.toml: project.scripts")),
        ('[tool.poetry.scripts]\na = "a:b"\n', "", Inferred("cli", "pyproject.toml: tool.poetry.scripts")),
        ('[project]\nname = "a"\n[project.scripts]\n', "",
         Inferred("library", "pyproject.toml: neither scripts nor fastapi")),
        ("", "# fastapi\n", None),
    ],
)  # fmt: skip
def test_the_kind_is_a_service_before_a_command_line_before_a_library(
    text: str, requirements: str, fact: Inferred | None
) -> None:
    files = {"pyproject.toml": text, "requirements.txt": requirements, "a/__init__.py": ""}

    assert answer(existing(files), "kind") == fact


def test_without_a_package_nothing_is_a_library() -> None:
    assert answer(pyproject('[project]\nname = "a"\n'), "kind") is None


@pytest.mark.parametrize(
    ("paths", "fact"),
    [
        (["uv.lock", "requirements.txt"], Inferred("uv", "uv.lock")),
        (["requirements.txt"], None),  # nothing says what compiled it
        (["requirements/dev.in"], Inferred("pip-tools", "requirements/dev.in")),
        (["requirements-dev.txt", "requirements-dev.in"], Inferred("pip-tools", "requirements-dev.in")),
        (["requirements.md", "docs/requirements.txt", "requirements/a/b.txt", "sub/uv.lock"], None),
    ],
)
def test_the_dependency_manager_is_known_by_its_files(paths: list[str], fact: Inferred | None) -> None:
    assert answer(existing(dict.fromkeys(paths, "")), "dependency_manager") == fact


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        (".vscode/settings.json", "", "vscode"),
        ("scripts/A.Tests.ps1", "", "powershell"),
        (".devcontainer.json", "", "devcontainer"),
        (".devcontainer/x/devcontainer.json", "", "devcontainer"),
        ("sub/Dockerfile", "", "docker"),
        ("codecov.yml", "", "codecov"),
        (".codecov.yaml", "", "codecov"),
        (".github/workflows/a.yml", "token: ${{ secrets.CODECOV_TOKEN }}", "codecov"),
        (".github/workflows/a.yml", "url: ${{ secrets.SLACK_WEBHOOK }}", "slack"),
        ("docs/conf.py", "", "docs"),
        ("tests/auger/test_a.py", "", "recording"),
    ],
)
def test_an_integration_is_known_by_a_file_of_it(path: str, text: str, name: str) -> None:
    assert answer(existing({path: text}), "integrations") == Inferred([name], path)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("tests/auger/README.md", ""),
        ("scripts/a.ps1", ""),
        ("Dockerfile.md", ""),
        ("docs/a/conf.py", ""),
        (".github/workflows/a.yml", "docker build . && vscode && docs"),
        ("README.md", "codecov, slack"),
    ],
)
def test_what_only_looks_like_an_integration_is_none(path: str, text: str) -> None:
    assert answer(existing({path: text}), "integrations") == Inferred([], "no file of any of them")


def test_all_integrations_are_told_with_their_files() -> None:
    repository = existing({"docs/conf.py": "", "Dockerfile": "", ".github/workflows/b.yml": "slack"})

    assert answer(repository, "integrations") == Inferred(
        ["docker", "slack", "docs"], "Dockerfile, .github/workflows/b.yml, docs/conf.py"
    )


@pytest.mark.parametrize(
    ("names", "fact"),
    [
        (("trunk", "main", "work"), Inferred("trunk", "origin's HEAD")),
        (("", "main", "work"), Inferred("main", "the branch of that name")),
        (("", "", "work"), Inferred("work", "the branch that is checked out")),
        (("", "", ""), None),
    ],
)
def test_the_default_branch_is_origins_before_a_usual_name_before_the_current_one(
    names: tuple[str, ...], fact: Inferred | None
) -> None:
    sources = ("origin's HEAD", "the branch of that name", "the branch that is checked out")

    found = answer(existing(branches=dict(zip(sources, names, strict=True))), "default_branch")

    assert found == fact


def test_answers_are_found_where_values_have_the_wrong_type() -> None:
    table: dict[str, Any] = {
        "authors": '"Ann"', "license": "7", "classifiers": '"License :: OSI Approved :: MIT License"',
        "dependencies": '"fastapi"', "scripts": "false", "requires-python": "3.11",
    }  # fmt: skip
    repository = pyproject("[project]\n" + "".join(f"{key} = {value}\n" for key, value in table.items()))

    assert set(answers_to(repository, ("author_name", "licence", "python_min", *OWN))) == {"integrations"}


def test_requirements_that_were_compiled_are_a_lock() -> None:
    compiled = "# This file is autogenerated by pip-compile with Python 3.11\na==1\n"

    found = answer(existing({"requirements.txt": compiled}), "dependency_manager")

    assert found == Inferred("pip-tools", "requirements.txt")


PEOPLE = {
    "project": '[project]\nauthors = [{name = "Ann", email = "a@example.com"}]\n'
    'maintainers = [{name = "Mia", email = "m@example.com"}]\n',
    "maintainers only": '[project]\nmaintainers = [{name = "Mia", email = "m@example.com"}]\n',
    "poetry": '[tool.poetry]\nauthors = ["Ann <a@example.com>"]\nmaintainers = ["Mia <m@example.com>"]\n',
}


@pytest.mark.parametrize(
    ("kind", "name"), [("project", "Ann"), ("maintainers only", "Mia"), ("poetry", "Ann")]
)
def test_the_copyright_is_the_authors_and_reports_go_to_who_maintains_it(kind: str, name: str) -> None:
    repository = pyproject(PEOPLE[kind])
    author, email = answer(repository, "author_name"), answer(repository, "author_email")

    assert author is not None
    assert email is not None
    assert (author.value, email.value) == (name, "m@example.com")
    assert email.source.endswith("maintainers")


SETUP = """\
import setuptools
NAME = "computed"
setuptools.setup(
    name="my-thing", version="1", description=" Things. ", license="MIT", author=NAME,
    maintainer="Mia", maintainer_email="m@example.com", python_requires=">=3.12", packages=["a"],
)
"""


def test_setup_py_is_read_and_not_run() -> None:
    repository = existing({"setup.py": SETUP, "my_thing.py": ""})

    said = {
        question: fact.value
        for question in (
            "project_name",
            "package_name",
            "description",
            "licence",
            "author_name",
            "python_min",
        )
        if (fact := answer(repository, question))
    }

    assert said == {
        "project_name": "my-thing", "package_name": "my_thing", "description": "Things.", "licence": "MIT",
        "author_name": "Mia", "python_min": "3.12",
    }  # fmt: skip
    assert answer(existing({"setup.py": "import evil(\0"}), "project_name") is None


@pytest.mark.parametrize(
    ("row", "refused"),
    [
        (("package_name", "lib", "the template's default; it doesn't accept what is in PIL", "PIL"), True),
        (("module_name", "lib", "the template's default; it doesn't accept what is in src/PIL", "PIL"), True),
        (("package_name", "lib", "asked; it doesn't accept what is in PIL", "PIL"), False),
        (("package_name", "lib", "given", None), False),
        (("licence", "MIT", "the template's default; it doesn't accept what is in setup.py", "GPL"), False),
    ],
)
def test_a_name_that_the_template_cannot_take_is_refused_with_what_to_type(
    row: tuple[str, str, str, str | None], refused: bool
) -> None:
    name, value, source, instead = row
    answers = [InferredAnswer(name=name, value=value, source=source, instead_of=instead)]

    if not refused:
        refuse_invented_names(answers)
        return
    with pytest.raises(RefusedError, match=f"doesn't accept 'PIL' for {name}") as caught:
        refuse_invented_names(answers)
    assert caught.value.hint.endswith(f"atomci adopt -d {name}=lib")
