"""This repository as a template with a past: its release tags, the checkout, and a release that may come."""

import io
import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from packaging.version import InvalidVersion, Version
from sync_world import Folder, new_repository

__all__ = ["CURRENT", "NEXT", "checkout", "known_answers", "release_tags", "with_next_release"]

ROOT = Path(__file__).parents[3]
# All that a render needs of it.
RENDERED_FROM = ("copier.yml", "hooks", "includes", "ownership.toml", "template")
CURRENT = "v1000.0.0"
"""The checkout, with what isn't committed: newer than every release."""
NEXT = "v1001.0.0"


def release_tags(root: Path = ROOT) -> list[str]:
    """The release tags that this clone has, oldest first; a shallow one may have none."""
    listed = subprocess.run(["git", "tag", "--list"], cwd=root, capture_output=True, text=True, check=False)
    versions = {}
    for tag in listed.stdout.split():
        try:
            versions[tag] = Version(tag)
        except InvalidVersion:
            continue
    return sorted(versions, key=lambda tag: versions[tag])


def known_answers(tag: str, answers: Mapping[str, Any], root: Path = ROOT) -> dict[str, Any]:
    """The answers that a release could already be given: questions and choices may have come later."""
    shown = subprocess.run(["git", "show", f"{tag}:copier.yml"], cwd=root, capture_output=True, check=True)
    questions = yaml.safe_load(shown.stdout)
    known = {}
    for name, answer in answers.items():
        if name not in questions:
            continue
        choices = questions[name].get("choices")
        offered = choices.values() if isinstance(choices, dict) else choices
        if isinstance(answer, list):
            known[name] = [one for one in answer if offered is None or one in offered]
        elif offered is None or answer in offered:
            known[name] = answer
    return known


def checkout(folder: Path, tag: str = "", root: Path = ROOT) -> Folder:
    """A repository with a release, if one is named, and the checkout as `CURRENT`."""
    template = new_repository(folder)
    if tag:
        done = subprocess.run(["git", "archive", tag], cwd=root, capture_output=True, check=True)
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(folder, filter="data")
        template.commit(tag=tag)
    for name in RENDERED_FROM:
        source, there = root / name, folder / name
        if source.is_dir():
            shutil.rmtree(there, ignore_errors=True)
            shutil.copytree(source, there)
        else:
            shutil.copy2(source, there)
    template.commit(tag=CURRENT)
    return template


def with_next_release(folder: Path) -> Folder:
    """The checkout as `CURRENT`, and `NEXT` with changes to files of each owner."""
    template = checkout(folder)
    readme, agents, security, setup, release, form = (
        next((template.root / "template").glob(pattern)).relative_to(template.root / "template").as_posix()
        for pattern in ("README.md*", "*AGENTS.md*", "*SECURITY.md*", ".github/actions/setup/action.yml*",
                        ".github/workflows/release.yml*", ".github/*pull_request_template.md*")
    )  # fmt: skip
    text = {path: template.read(f"template/{path}") for path in (readme, agents, setup, release, form)}
    bumped = re.sub(r"# v(\d+)", lambda pin: f"# v{int(pin[1]) + 1}", text[release])
    assert bumped != text[release]
    assert "# {{ project_name }}" in text[readme]
    (slug,) = (template.root / "template/src").rglob("*{% if sample %}slug.py{% endif %}")
    seed = slug.relative_to(template.root / "template").as_posix()
    template.commit(
        {
            f"template/{path}": content
            for path, content in {
                readme: text[readme].replace("# {{ project_name }}", "# The {{ project_name }}"),
                agents: None,
                f"docs/{agents}": text[agents] + "\nAnd one thing more.\n",
                security: None,
                setup: text[setup] + "# next\n",
                release: bumped,
                form: "What does it change?\n" + text[form],
                seed: "corrected = True\n",
                "docs/NEW.md": "# New\n",
            }.items()
        },
        NEXT,
    )
    return template
