"""Releases and images: what a job that builds may do, who attests, and what is pinned."""

import re
from pathlib import Path

import pytest

from atomci.configuration import dockerfile, installs
from atomci.configuration.ci import releases, workflow
from atomci.configuration.ci.graph import Workflow
from atomci.configuration.documents import yaml_document

GOLDEN = Path(__file__).parents[2] / "golden"
TREES = ("library", "library-pip-tools", "cli", "service", "service-full")
RELEASE, SETUP = ".github/workflows/release.yml", ".github/actions/setup/action.yml"


def problems(root: Path, text: str) -> list[str]:
    """What is wrong with a release, the repository's own action being that of the golden tree."""
    (root / ".github/workflows").mkdir(parents=True)
    (root / RELEASE).write_text(text, encoding="utf-8")
    actions = {".github/actions/setup": yaml_document(GOLDEN / "library", SETUP)}
    found = releases.facts(Workflow(yaml_document(root, RELEASE), actions))
    return [str(fact) for fact in found if not fact.ok]


@pytest.mark.parametrize("tree", TREES)
def test_what_the_template_renders_keeps_its_promises(tree: str) -> None:
    document = yaml_document(GOLDEN / tree, RELEASE)
    actions = {".github/actions/setup": yaml_document(GOLDEN / tree, SETUP)}
    facts = [*releases.facts(Workflow(document, actions)), *workflow.workflow_facts(document)]
    facts += [fact for action in actions.values() for fact in workflow.action_facts(action)]
    assert [str(fact) for fact in facts if not fact.ok] == []
    said = " ".join(map(str, facts))
    for promise in (
        "the right to read only",
        "by its digests",
        "isn't on the default branch",
        "tools of the lock",
    ):
        assert promise in said, promise


# What the template rendered before there were rules for it.
EARLIER = """
on: {push: {tags: ["v*"]}}
permissions: {}
jobs:
  build:
    permissions: {contents: read, id-token: write, attestations: write}
    steps:
      - uses: actions/checkout@v7
      - run: python -m pip install build && python -m build
      - uses: actions/attest-build-provenance@v4
        with: {subject-path: dist/*}
  publish:
    needs: build
    permissions: {id-token: write}
    steps:
      - uses: actions/download-artifact@v8
      - uses: pypa/gh-action-pypi-publish@v1
"""


def test_building_and_attesting_in_one_job_with_any_tool_of_any_branch_is_red(tmp_path: Path) -> None:
    found = problems(tmp_path, EARLIER)
    assert [line.partition(": ")[2] for line in found] == [
        "build builds, and attests or publishes: let a job without these rights build, and compare its digest here",
        "publish uses files without comparing their digests: compare sha256sum with needs.build.outputs before this step",
        "build builds a tag of any branch: git merge-base --is-ancestor HEAD refs/remotes/origin/BRANCH",
        "build: `python -m pip install build` installs what isn't locked: --require-hashes -r FILE, or --constraint LOCK",
        "build: `python -m build` builds with what isn't locked: install those of the lock, and --no-isolation",
    ]


CHECKED = """          if ! git merge-base --is-ancestor HEAD refs/remotes/origin/main; then"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("contents: read # to check out", "contents: write", "build builds while it may write contents"),
        ("id: digests", "id: digests\n        env: {KEY: '${{ secrets.KEY }}'}", "builds where a secret is"),
        (CHECKED, "          if false; then", "builds a tag of any branch"),
        ("refs/remotes/origin/main", "origin/main", "takes a tag with the branch's name"),
        (
            "          fetch-depth: 0 # the history shows what is part of main\n",
            "",
            "has only the tag's commit",
        ),
        (
            "      - name: The tag is on the default branch\n",
            "      - run: make first\n      - name: The tag is on the default branch\n",
            "does this before it has checked",
        ),
        ('diff <(echo "$BUILT") <(sha256sum dist/*)', "true", "uses files without comparing"),
        (
            "          BUILT: ${{ needs.build.outputs.sha256 }}\n",
            "          BUILT: ''\n",
            "without comparing",
        ),
        (" --require-hashes", "", "builds with what isn't locked"),
        ("    needs: build\n", "", "without comparing"),
    ],
)
def test_a_broken_promise_is_a_problem(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = (GOLDEN / "library" / RELEASE).read_text(encoding="utf-8")
    assert old in text
    found = problems(tmp_path, text.replace(old, new))
    assert any(says in line for line in found), found


def test_a_workflow_that_releases_nothing_is_left_alone(tmp_path: Path) -> None:
    assert (
        problems(tmp_path, "on: push\njobs: {unit: {steps: [{run: uv build}, {run: pip install tox}]}}\n")
        == []
    )


def test_a_release_whose_build_is_not_seen_is_not_called_good(tmp_path: Path) -> None:
    text = "on: push\njobs: {a: {steps: [{run: make dist}, {uses: actions/attest@v4}]}}\n"
    (tmp_path / "release.yml").write_text(text, encoding="utf-8")
    (fact,) = releases.facts(Workflow(yaml_document(tmp_path, "release.yml")))
    assert (fact.ok, fact.known) == (True, False)


def test_digests_that_go_to_the_attestation_itself_need_no_files(tmp_path: Path) -> None:
    text = (
        "on: {push: {branches: [main]}}\npermissions: {}\njobs:\n"
        "  make: {steps: [{run: uv build --no-build-isolation}]}\n"
        "  sign: {needs: make, steps: [{uses: actions/attest@v4,"
        " with: {subject-digest: '${{ needs.make.outputs.digest }}'}}]}\n"
    )
    assert problems(tmp_path, text) == []


@pytest.mark.parametrize(
    ("script", "count"),
    [
        ("pip install build", 1),
        ("pip install \\\n  build==1.2", 1),
        ("pip install -r dev.txt\npip install --constraint dev.txt build", 0),
        ("pip install --require-hashes --requirement uv.txt && pip install tox", 1),
        ("uv build", 1),
        ("uv build --build-constraints locked.txt", 1),
        ("uv build -b locked.txt --require-hashes", 0),
        ("uv tool install hatch; pipx run build; uvx twine", 3),
        ("python3.13 -m build", 1),
        ("python -m build --no-isolation", 0),
        ("# pip install build", 0),
        ("uv sync --locked", 0),
    ],
)
def test_what_takes_the_newest_that_it_finds_is_said(script: str, count: int) -> None:
    assert len(list(installs.unpinned(script))) == count


def test_one_version_of_uv_is_pinned_everywhere() -> None:
    tree = GOLDEN / "service-full"
    own = (GOLDEN.parents[1] / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    texts = [own, *((tree / path).read_text(encoding="utf-8") for path in (SETUP, "Dockerfile"))]
    found = [re.findall(r'(?:version: "|uv==)(\d+\.\d+\.\d+)', text) for text in texts]
    assert all(found)
    assert len(set().union(*found)) == 1, found


DIGEST = "@sha256:" + "0" * 64


def image_problems(text: str) -> list[str]:
    return [str(fact) for fact in dockerfile.facts(text) if not fact.ok]


def test_an_image_of_pinned_parts_is_fine() -> None:
    assert image_problems((GOLDEN / "service-full/Dockerfile").read_text(encoding="utf-8")) == []
    text = f"FROM --platform=linux/amd64 a:1{DIGEST} AS One\nCOPY --from=one /a /b\nFROM one\nFROM scratch\nCOPY --from=0 / /\n"
    assert image_problems(text) == []


def test_a_base_without_digest_and_tools_of_no_lock_are_problems() -> None:
    # The first six lines are those that the template rendered before.
    text = (
        "# An image\nFROM python:3.13-slim AS build\nWORKDIR /project\n"
        "RUN pip install --no-cache-dir build\nCOPY . .\nRUN python -m build --wheel\n"
        "COPY --from=ghcr.io/a/uv:1 /uv /bin/\nRUN true \\\n  # why\n  && pip install x\n"
    )
    found = image_problems(text)
    assert [line.split(": ")[0] for line in found] == [f"Dockerfile:{number}" for number in (2, 4, 6, 7, 8)]
    assert "docker buildx imagetools inspect python:3.13-slim" in found[0]
