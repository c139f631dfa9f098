"""What a repository has already under another name, in another place or by another tool."""

import pytest

from atomci.adopt.counterparts import Counterparts


@pytest.mark.parametrize(
    ("rendered", "mine"),
    [
        ("CHANGELOG.md", "CHANGES.rst"),
        ("CHANGELOG.md", "HISTORY.md"),
        ("CHANGELOG.md", "NEWS"),
        ("CHANGELOG.md", "docs/changelog.rst"),
        ("CHANGELOG.md", "doc/release-notes.txt"),
        ("CONTRIBUTING.md", ".github/CONTRIBUTING.md"),
        ("CONTRIBUTING.md", "docs/contributing.rst"),
        ("CONTRIBUTING.md", "HACKING"),
        ("SECURITY.md", ".github/SECURITY.md"),
        ("SECURITY.md", "docs/SECURITY.rst"),
        (".github/SECURITY.md", "SECURITY.md"),
        (".github/CODEOWNERS", "CODEOWNERS"),
        (".github/pull_request_template.md", "docs/PULL_REQUEST_TEMPLATE.md"),
        (".github/dependabot.yml", ".github/dependabot.yaml"),
        (".github/workflows/ci.yml", ".github/workflows/ci.yaml"),
        ("LICENSE", "COPYING"),
        ("LICENSE", "LICENSE.txt"),
        ("LICENSE", "UNLICENSE"),
        (".pre-commit-config.yaml", ".pre-commit-config.yml"),
    ],
)
def test_a_twin_is_found_under_its_other_names_and_in_its_other_places(rendered: str, mine: str) -> None:
    assert Counterparts({mine, "src/a.py"}, {rendered}).twin(rendered) == mine


@pytest.mark.parametrize(
    ("rendered", "mine"),
    [
        ("CHANGELOG.md", "src/changes.md"),
        ("CHANGELOG.md", "changes.py"),
        ("CONTRIBUTING.md", "src/contributing.md"),
        ("docs/README.md", "README.md"),
        ("docs/playbooks/unit.md", "docs/unit.md"),
        ("LICENSE", "src/license.py"),
        ("src/demo/security.md", "SECURITY.md"),
    ],
)
def test_what_only_looks_alike_is_no_twin(rendered: str, mine: str) -> None:
    assert Counterparts({mine}, {rendered}).twin(rendered) is None


@pytest.mark.parametrize(
    ("rendered", "mine"),
    [
        (".github/dependabot.yml", "renovate.json"),
        (".github/dependabot.yml", ".github/renovate.json5"),
        (".github/dependabot.yml", ".renovaterc"),
        (".pre-commit-config.yaml", "lefthook.yml"),
        (".pre-commit-config.yaml", ".husky/pre-commit"),
        ("Taskfile.yml", "Makefile"),
        ("Taskfile.yml", "justfile"),
        ("Taskfile.yml", "noxfile.py"),
        ("Taskfile.yml", "Taskfile.dist.yml"),
        (".github/ISSUE_TEMPLATE/bug.yml", ".github/ISSUE_TEMPLATE/bug-report.md"),
        (".github/ISSUE_TEMPLATE/bug.yml", ".github/ISSUE_TEMPLATE.md"),
        (".github/ISSUE_TEMPLATE/idea.yml", ".github/issue_template/config.yml"),
        (".github/pull_request_template.md", ".github/PULL_REQUEST_TEMPLATE/fix.md"),
        ("AGENTS.md", "CLAUDE.md"),
        ("AGENTS.md", ".github/copilot-instructions.md"),
        (".devcontainer/devcontainer.json", ".devcontainer.json"),
        (".devcontainer/devcontainer.json", ".devcontainer/gpu/devcontainer.json"),
        ("Dockerfile", "docker/Dockerfile"),
        ("Dockerfile", "Containerfile"),
        (".dockerignore", "Dockerfile"),
        ("LICENSE", "LICENSES/MIT.txt"),
        ("LICENSE", "LICENSE-APACHE"),
        ("CHANGELOG.md", "newsfragments/12.feature.rst"),
    ],
)
def test_another_tool_or_place_for_the_same_purpose_stands_in(rendered: str, mine: str) -> None:
    assert Counterparts({mine, "setup.py"}, {rendered}).stand_in(rendered) == mine


@pytest.mark.parametrize(
    ("rendered", "mine"),
    [
        (".github/workflows/ci.yml", ".github/workflows/test.yml"),
        ("Taskfile.yml", "docs/Makefile"),
        ("scripts/test.sh", "Makefile"),
        ("Dockerfile", "docs/Dockerfile/index.md"),
        ("AGENTS.md", "src/claude.py"),
    ],
)
def test_what_serves_another_purpose_stands_in_for_nothing(rendered: str, mine: str) -> None:
    assert Counterparts({mine}, {rendered}).stand_in(rendered) is None
