"""Phase 6: the red/green loop."""

from __future__ import annotations

from atomci.atoms.parts.layer_runs import why_unrunnable
from atomci.engine.context import Context, Verdict
from atomci.testing.layers import unit_tests_of
from atomci.testing.pytest_config import is_test_file, read_pytest_config
from atomci.tools.notices import Notices


def start_loop_on_fail_holds(ctx: Context) -> Verdict:
    """`atomci watch` can run here: pytest is there, and files that hold tests."""
    if why := why_unrunnable(ctx.project):
        return Verdict(None, (f"left out: {why}",))
    layer = unit_tests_of(ctx.project)
    config = read_pytest_config(ctx.root, layer.folder)
    python = ctx.files("**/*.py")
    tests = [file for file in python if layer.holds(file) and is_test_file(file, config.test_files)]
    if not tests:
        remedy = f"write {layer.folder or 'tests'}/test_first.py"
        return Verdict(False, (f"{layer.folder or 'the project'} holds no file of tests",), remedy)
    said = f"at a save, atomci watch runs tests of up to {len(tests)} file{'' if len(tests) == 1 else 's'}"
    return Verdict(True, (said, f"it learns of a save {Notices(lambda: None).how}"))
