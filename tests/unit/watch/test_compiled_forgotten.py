"""What Python compiled of a file that is saved twice in one second."""

from pathlib import Path

from atomci.watch.snapshot import forget_compiled


def test_what_was_compiled_of_changed_files_is_removed_wherever_python_keeps_it(tmp_path: Path) -> None:
    kept = tmp_path / "kept" / Path(*tmp_path.parts[1:]) / "src"
    for folder in (tmp_path / "src/__pycache__", kept):
        folder.mkdir(parents=True)
        for name in ("a.cpython-311.pyc", "a.cpython-311-pytest-9.0.0.pyc", "ab.cpython-311.pyc"):
            (folder / name).write_text("")
    forget_compiled(tmp_path, ["src/a.py", "src/ab.txt", "gone/b.py"], "")
    assert [path.name for path in (tmp_path / "src/__pycache__").iterdir()] == ["ab.cpython-311.pyc"]
    assert len(list(kept.iterdir())) == 3
    forget_compiled(tmp_path, ["src/a.py"], str(tmp_path / "kept"))
    assert [path.name for path in kept.iterdir()] == ["ab.cpython-311.pyc"]
