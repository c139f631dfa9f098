"""What may be imported before a process knows its tests."""

from pathlib import Path

from atomci.watch.names import Names, imported_in


def test_only_what_is_imported_in_any_case_counts() -> None:
    text = (
        "from __future__ import annotations\nimport a.b, c\nfrom d.e import f\nfrom . import g\nfrom .h import i\n"
        "if TYPE_CHECKING:\n    import j\ntry:\n    import k\nexcept ImportError:\n    pass\n"
        "def late():\n    import l\n"
    )
    assert imported_in(text) == {"a.b", "c", "d.e"}


def test_a_test_that_looks_at_what_is_loaded_forbids_it() -> None:
    assert imported_in("import sys\nassert 'x' not in sys.modules\n") is None
    assert imported_in("import pytest\npytest.register_assert_rewrite('x')\n") is None
    assert imported_in("def broken(:\n") == set()


def test_modules_of_the_project_are_left_out_and_files_are_read_again_when_they_change(
    tmp_path: Path,
) -> None:
    (tmp_path / "src/demo").mkdir(parents=True)
    (tmp_path / "src/demo/x.py").write_text("import demo.y, requests\n", encoding="utf-8")
    names = Names(tmp_path)
    assert names.of([("src/demo/x.py", "1")]) == {"requests"}
    (tmp_path / "src/demo/x.py").write_text("import numpy\n", encoding="utf-8")
    assert names.of([("src/demo/x.py", "1")]) == {"requests"}
    assert names.of([("src/demo/x.py", "2")]) == {"numpy"}
