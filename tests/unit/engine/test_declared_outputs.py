"""What an atom has to leave, and what of it is removed before: never a source."""

from made_up import MadeUp

from atomci.catalog import Atom
from atomci.engine.outputs import clear_outputs, declared_outputs, missing_outputs

ATOM = Atom(1, "make", 4, "", effect="tree", writes=("artifacts/a.json", "artifacts/pages/", "artifacts/*.log", "src/b.py", "docs/*.md"))  # fmt: skip
WRITTEN = ("artifacts/a.json", "artifacts/pages/x/y.html", "artifacts/z.log", "src/b.py", "docs/c.md")


def test_only_artifacts_that_are_named_are_demanded(project: MadeUp) -> None:
    assert declared_outputs(ATOM) == ("artifacts/a.json", "artifacts/pages/")
    assert missing_outputs(project.root, ATOM) == ["artifacts/a.json", "artifacts/pages/"]
    project.write("artifacts/pages/x.html", "")
    assert missing_outputs(project.root, ATOM) == ["artifacts/a.json"]


def test_only_they_are_removed_before_it_runs(project: MadeUp) -> None:
    for path in WRITTEN:
        project.write(path, "")

    clear_outputs(project.root, ATOM)
    clear_outputs(project.root, ATOM)  # also where nothing is left

    assert [path for path in WRITTEN if (project.root / path).exists()] == [
        "artifacts/z.log",
        "src/b.py",
        "docs/c.md",
    ]
