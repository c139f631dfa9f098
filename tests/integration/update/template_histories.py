"""Three templates with a past, in the styles that people publish: what their releases did to their files."""

from dataclasses import dataclass
from hashlib import sha1
from typing import Any

from sync_world import ANSWERS, Content, Link, Script, lines

__all__ = ["HISTORIES", "History", "commit_of"]


@dataclass(frozen=True)
class History:
    """A template. Each release changes the files of the one before it; tags name them in order.

    `answers` are the sets that a project of it may have been rendered with, `does` what became of its files
    from the first release to the last. `_skip_if_exists` of the last names its `seeds`.
    """

    does: str
    releases: dict[str, dict[str, Content]]
    answers: dict[str, dict[str, Any]]


def commit_of(version: str) -> str:
    """An id of a commit for an action's version."""
    return sha1(version.encode(), usedforsecurity=False).hexdigest()


def workflow(checkout: str, python: str, step: str = "run the tests") -> str:
    """A workflow with two pins, as Renovate keeps them."""
    return (
        "on: [push]\njobs:\n  tests:\n    steps:\n"
        f"      - uses: actions/checkout@{commit_of(checkout)} # v{checkout}\n"
        f"      - uses: actions/setup-python@{commit_of(python)} # v{python}\n"
        f"      - name: {step}\n{lines('        #', 20)}"
    )


def hooks(black: str, ruff: str) -> str:
    """Pre-commit's settings with two pins on neighbouring entries."""
    return (
        f"repos:\n  - repo: https://example.com/black\n    rev: {black}\n    hooks: [id: black]\n"
        f"  - repo: https://example.com/ruff\n    rev: v{ruff}\n    hooks: [id: ruff]\n{lines('#', 12)}"
    )


def image(seed: int) -> bytes:
    """Bytes that are no text."""
    return b"\x89PNG\0" + bytes(n * seed % 256 for n in range(1, 900))


def pyproject(pytest: str, mypy: str, width: int) -> str:
    """Settings of a package, with a question in them and two pins on neighbouring lines."""
    return (
        '[project]\nname = "{{ name }}"\nlicense = "{{ licence }}"\n\n[dependency-groups]\ndev = [\n'
        f'  "pytest=={pytest}",\n  "mypy=={mypy}",\n]\n\n{lines("# setting", 12)}\n[tool.ruff]\n'
        f"line-length = {width}\n"
    )


PACKAGE_QUESTIONS = """\
_subdirectory: template
_preserve_symlinks: true
_skip_if_exists: [/src/**]
name: {type: str, default: demo}
licence: {type: str, choices: [MIT, Apache-2.0], default: MIT}
docs: {type: bool, default: false}
"""
PACKAGE = History(
    does="a Python package: files renamed, one of them edited, one dropped, pins moved, a link and a mode changed,"
    " one question added and one removed",
    releases={
        "v1.0.0": {
            "copier.yml": PACKAGE_QUESTIONS + "python: {type: str, default: '3.9'}\n",
            f"template/{ANSWERS}": "# Changes here will be overwritten\n{{ _copier_answers|to_nice_yaml -}}\n",
            "template/README.md.jinja": "# {{ name }}\n\nNeeds Python {{ python }}.\n\n"
            + lines("readme", 24),
            "template/CONTRIBUTING.md": lines("contributing"),
            "template/pyproject.toml.jinja": pyproject("8.0.0", "1.8.0", 88),
            "template/.pre-commit-config.yaml": hooks("24.1.0", "0.2.0"),
            "template/.github/workflows/ci.yml": workflow("4.1.0", "5.0.0"),
            "template/.python-version": "3.9\n",
            "template/setup.cfg": lines("[metadata] old setting", 16),
            "template/Makefile": lines("# make target"),
            "template/scripts/test.sh": "#!/bin/sh\n" + lines("echo", 16),
            "template/logo.png": image(3),
            "template/favicon.ico": image(5),
            "template/{% if docs %}docs{% endif %}/guide.md": lines("guide"),
            "template/{% if docs %}docs{% endif %}/index.md": Link("../README.md"),
            "template/src/{{ name }}/__init__.py": '"""The package."""\n' + lines("example = 0 #", 12),
        },
        "v1.1.0": {
            "template/pyproject.toml.jinja": pyproject("8.1.0", "1.9.0", 88),
            "template/{% if docs %}docs{% endif %}/guide.md": None,
            "template/{% if docs %}docs{% endif %}/handbook.md": lines("guide"),
            "template/CONTRIBUTING.md": lines("contributing", n6="open an issue first"),
        },
        "v2.0.0": {
            "copier.yml": PACKAGE_QUESTIONS + "typed: {type: bool, default: true}\n",
            "template/README.md.jinja": "# {{ name }}\n\n{% if typed %}Typed.{% endif %}\n\n"
            + lines("readme", 24),
            "template/pyproject.toml.jinja": pyproject("8.4.0", "1.18.0", 110),
            "template/.pre-commit-config.yaml": hooks("26.1.0", "0.12.0"),
            "template/.github/workflows/ci.yml": workflow("5.0.0", "6.0.0", "run all tests"),
            "template/CONTRIBUTING.md": lines("contributing", n6="open an issue first", n36="thank you"),
            "template/.python-version": "3.13\n",
            "template/setup.cfg": None,
            "template/Makefile": None,
            "template/tasks.mk": lines("# make target", n3="# make everything"),
            "template/scripts/test.sh": Script("#!/bin/sh\nset -eu\n" + lines("echo", 16)),
            "template/logo.png": image(7),
            "template/{% if docs %}docs{% endif %}/index.md": Link("handbook.md"),
            "template/SECURITY.md": lines("security", 16),
            "template/src/{{ name }}/__init__.py": '"""The package."""\n' + lines("sample = 1 #", 12),
        },
    },
    answers={"defaults": {}, "with docs": {"licence": "Apache-2.0", "docs": True}},
)

PAPER_SETTINGS = """\
_templates_suffix: ''
_exclude: [copier.yml, .git]
_envops: {block_start_string: '[%', block_end_string: '%]', variable_start_string: '[[',
  variable_end_string: ']]'}
title: {type: str, default: Paper}
"""
PAPER = History(
    does="a LaTeX paper, whose root is the template: a folder renamed with all in it, figures replaced, line endings"
    " by `.gitattributes`",
    releases={
        "v1.0.0": {
            "copier.yml": PAPER_SETTINGS + "authors: {type: yaml, default: '[Ann]'}\n",
            "[[_copier_conf.answers_file]]": "[[ _copier_answers|to_nice_yaml ]]\n",
            ".gitattributes": "*.tex text\n*.bib text\n",
            "paper.tex": "\\title{[[ title ]]}\n\\author{[[ authors|join(', ') ]]}\n" + lines("% paper", 24),
            "chapters/introduction.tex": lines("introduction"),
            "chapters/method.tex": lines("method"),
            "chapters/results.tex": lines("results"),
            "style.sty": lines("% style"),
            "references.bib": lines("@misc{reference"),
            "requirements.txt": "numpy==1.26.0\nmatplotlib==3.8.0\n" + lines("#", 12),
            "figures/plot.pdf": image(11),
            "figures/photo.jpg": image(13),
            "build.sh": Script("#!/bin/sh\n" + lines("latexmk", 16)),
        },
        "v1.1": {
            "references.bib": lines("@misc{reference", n9="@misc{added"),
            "figures/plot.pdf": image(17),
        },
        "v2.0": {
            "copier.yml": PAPER_SETTINGS
            + "authors: {type: yaml, default: '[Ann]'}\nlanguage: {default: en}\n",
            "paper.tex": "\\title{[[ title ]]}\n\\author{[[ authors|join(' and ') ]]}\n% in [[ language ]]\n"
            + lines("% paper", 24),
            "chapters/introduction.tex": None,
            "chapters/method.tex": None,
            "chapters/results.tex": None,
            "sections/introduction.tex": lines("introduction"),
            "sections/method.tex": lines("method", n2="what was done"),
            "sections/results.tex": lines("results", n30="what was found"),
            "sections/appendix.tex": lines("appendix", 16),
            "style.sty": None,
            "requirements.txt": "numpy==2.1.0\nmatplotlib==3.9.0\n" + lines("#", 12),
            "figures/plot.pdf": image(19),
            "build.sh": "#!/bin/sh\n" + lines("latexmk", 16, n8="latexmk -pdf"),
        },
    },
    answers={"defaults": {}, "two authors": {"title": "Two", "authors": ["Bea", "Cid"]}},
)

SERVICE_SETTINGS = """\
_subdirectory: t
_preserve_symlinks: true
_skip_if_exists: [/app/**]
name: {type: str, default: demo}
parts: {type: yaml, default: '[web]'}
"""
SERVICE_OWNERS = """\
version = 1
[[rule]]
tier = "managed"
why = "the gate is the same everywhere"
paths = ["/.github/**", "/gate.sh"]
[[rule]]
tier = "generated"
why = "a tool's"
paths = ["/requirements.lock"]
[[rule]]
tier = "seed"
why = "theirs"
paths = ["/app/**"]
"""
PARTS = "t/parts/{% yield part from parts %}{{ part }}{% endyield %}.yaml.jinja"
SERVICE = History(
    does="a service with an `ownership.toml` for managed files: files made in a loop, a file that becomes a link, Windows'"
    " line endings, Latin-1",
    releases={
        "v0.9.0": {
            "copier.yml": SERVICE_SETTINGS + "port: {type: int, default: 80}\n",
            "ownership.toml": SERVICE_OWNERS,
            f"t/{ANSWERS}": "{{ _copier_answers|to_nice_yaml }}",
            PARTS: "part: {{ part }}\nport: {{ port }}\n" + lines("# part", 24),
            "t/.github/workflows/ci.yml": workflow("4.1.0", "5.0.0"),
            "t/gate.sh": Script("#!/bin/sh\n" + lines("gate", 16)),
            "t/docker-compose.yml.jinja": "name: {{ name }}\n" + lines("# compose"),
            "t/Dockerfile": "FROM python:3.11\n" + lines("RUN", 24),
            "t/requirements.in": "flask==3.0.0\ngunicorn==21.2.0\nredis==5.0.0\n" + lines("#", 12),
            "t/requirements.lock": lines("locked", 12),
            "t/start.bat": lines("@rem start", 16).replace("\n", "\r\n"),
            "t/notices.txt": lines("caf\xe9").encode("latin-1"),
            "t/OPERATING.md": lines("operating"),
            "t/manual.md": lines("manual", 16),
            "t/icons/app.gif": image(23),
            "t/app/main.py": lines("main = 0 #", 16),
        },
        "v1.0.0rc1": {
            "t/Dockerfile": "FROM python:3.12\n" + lines("RUN", 24),
            "t/.github/workflows/ci.yml": workflow("4.2.0", "5.1.0"),
        },
        "v1.0.0": {
            "copier.yml": SERVICE_SETTINGS + "port: {type: int, default: 80}\nregion: {default: eu}\n",
            PARTS: "part: {{ part }}\nregion: {{ region }}\nport: {{ port }}\n" + lines("# part", 24),
            "t/.github/workflows/ci.yml": workflow("5.0.0", "6.0.0"),
            "t/gate.sh": Script("#!/bin/sh\n" + lines("gate", 16, n9="gate everything")),
            "t/docker-compose.yml.jinja": None,
            "t/compose.yaml.jinja": "name: {{ name }}\n" + lines("# compose"),
            "t/Dockerfile": "FROM python:3.13\n" + lines("RUN", 24),
            "t/requirements.in": "flask==3.1.0\ngunicorn==21.2.0\nredis==6.0.0\n" + lines("#", 12),
            "t/start.bat": lines("@rem start", 16, n3="@rem begin").replace("\n", "\r\n"),
            "t/notices.txt": lines("caf\xe9", n30="th\xe9").encode("latin-1"),
            "t/OPERATING.md": None,
            "t/manual.md": Link("README.md"),
            "t/README.md": lines("operations", 24),
            "t/icons/app.gif": image(29),
            "t/app/main.py": lines("main = 1 #", 16),
            "t/app/health.py": lines("healthy = 1 #", 16),
        },
    },
    answers={"defaults": {}, "two parts": {"parts": ["web", "worker"], "port": 8080}},
)
HISTORIES = {"package": PACKAGE, "paper": PAPER, "service": SERVICE}
