"""Each sentence of SECURITY.md has a test, and the generated update workflow keeps its token where it belongs."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TOKEN = "TEMPLATE_UPDATE_TOKEN"
HOSTILE = "test_it_runs_nothing_and_ends_as_the_table_says"
# The beginning of each sentence, and the tests that fail where it doesn't hold; none for what people are asked.
TESTS: dict[str, tuple[str, ...]] = {
    "Please don't open": (),
    'On GitHub, use "Report': (),
    "The runtime is installed": (
        "test_the_tools_find_nothing", "test_a_secret_that_a_test_prints_reaches_no_file_and_no_screen", HOSTILE,
    ),
    "Only the newest release": (),
    "A project moves to it": ("test_what_is_pushed_is_what_an_update_commits",),
    "No template, branch or clone": (HOSTILE, "test_the_page_shows_these_cases"),
    "`atomci new` installs": (HOSTILE, "test_a_template_that_is_trusted_is_installed"),
    "What you allowed is remembered": (
        "test_it_is_said_once_for_each_way_to_write_the_address", "test_a_relative_place_is_no_users_own",
    ),
    "A template with `_tasks`": (HOSTILE,),
    "A template in a folder": (HOSTILE,),
    "A template that a project records": (HOSTILE,),
    "A folder that only looks": (HOSTILE,),
    "git fetches templates only by": (HOSTILE, "test_another_way_to_reach_a_template_is_the_users_to_allow"),
    "A template with submodules": (HOSTILE,),
    "On Windows, too,": ("test_on_windows_programs_are_looked_for_on_path_alone",),
    "`atomci update --commit`": ("test_hooks_of_ones_own_run_for_a_commit_alone",),
    "Plain `atomci update` runs": ("test_hooks_of_ones_own_run_for_a_commit_alone",),
    "`atomci run` and": ("test_a_check_runs_what_a_clone_brought_in_its_environment",),
    "A render ends after": (HOSTILE, "test_the_limits_are_those_that_the_page_names"),
    "`ATOMCI_RENDER_SECONDS`,": (HOSTILE, "test_a_limit_is_a_number_above_nothing"),
    "The same limits apply": (HOSTILE, "test_patterns_of_many_stars_share_the_time_of_one_render"),
    "macOS has no strict limit": ("test_the_size_is_limited_where_the_system_limits_nothing",),
    "A template reads no file": (HOSTILE,),
    "No link of a template": (HOSTILE,),
    "No rendered path leads": (HOSTILE, "test_no_spelling_of_dot_git_is_a_path", "test_a_path_leads_nowhere_else"),
    "Paths in migrations": (HOSTILE,),
    "In reports, plans": (HOSTILE, "test_what_is_shown_is_one_line_of_signs_that_can_be_seen"),
    "No name in a report": ("test_a_name_is_no_command_to_githubs_runner",),
    "`--json` gives": ("test_json_is_exact",),
    "The update workflow gives": ("test_the_token_is_in_the_step_that_pushes_alone",),
    "What finishes an update": ("test_what_finishes_an_update_has_no_secret_and_keeps_no_cache",),
    "The command of `atomci": ("test_a_command_gets_no_token_no_login_and_no_configuration",),
    "A template may change workflows": (),
    "What was prepared is data": ("test_what_was_not_prepared_well_is_told",),
    "An address with a user": ("test_an_address_that_cannot_be_used_is_refused_with_the_way_out",),
    "A generated release is": (
        "test_what_the_template_renders_keeps_its_promises", "test_each_job_gives_away_what_was_built_and_nothing_else",
        "test_a_tag_builds_attests_publishes_and_releases",
    ),
    "A tag whose commit": ("test_a_tag_off_the_default_branch_is_refused_before_anything_is_built",),
    "That rule is in the workflow": (),
    "The tools that build": ("test_what_the_template_renders_keeps_its_promises",),
    "The Docker image": ("test_an_image_of_pinned_parts_is_fine",),
    "`atomci check create_ci": (
        "test_building_and_attesting_in_one_job_with_any_tool_of_any_branch_is_red", "test_a_broken_promise_is_a_problem",
        "test_a_base_without_digest_and_tools_of_no_lock_are_problems",
    ),
}  # fmt: skip


def sentences() -> list[str]:
    """The sentences of the page, the list of what counts left out, which is part of the one before it."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    head, _, rest = text.partition("\n## ")
    head = re.sub(r"(?m)^- (.|\n(?! *\n))*", "", head)
    parts = re.split(r"\n\n|\n- |(?<=\.)\s+(?=[A-Z])", re.sub(r"(?m)^#.*$", "", f"{head}\n## {rest}"))
    return [plain for part in parts if (plain := " ".join(part.removeprefix("- ").split()))]


def test_each_sentence_has_its_tests() -> None:
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        if "golden" not in path.parts
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    for sentence in sentences():
        found = [start for start in TESTS if sentence.startswith(start)]
        assert len(found) == 1, f"no test is named for: {sentence}"
        assert set(TESTS[found[0]]) <= there, (sentence, set(TESTS[found[0]]) - there)
    assert len(sentences()) == len(TESTS)


@pytest.fixture(params=["library", "library-pip-tools", "service-full"])
def jobs(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The jobs of a rendered update workflow."""
    path = ROOT / f"tests/golden/{request.param}/.github/workflows/template-update.yml"
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return found


def secrets_in(part: object) -> bool:
    """Whether something names a secret's value, and not only whether there is one."""
    return "secrets." in re.sub(r"\$\{\{ secrets\.\w+ != '' \}\}", "", str(part))


def test_the_token_is_in_the_step_that_pushes_alone(jobs: dict[str, Any]) -> None:
    (look,) = jobs["look"]["steps"]
    assert set(look) == {"name", "id", "run", "env"}
    assert jobs["look"]["permissions"] == {}
    steps = [(name, step) for name, job in jobs.items() for step in job["steps"] if secrets_in(step)]
    assert [name for name, _ in steps] == ["update"]
    assert steps[0][1]["env"]["GH_TOKEN"] == f"${{{{ secrets.{TOKEN} }}}}"
    assert "--pull-request --prepared" in steps[0][1]["run"]
    assert "--then" not in str(jobs["update"])
    rest = [{**job, "steps": []} for job in jobs.values()]
    assert not secrets_in(rest)


def test_what_finishes_an_update_has_no_secret_and_keeps_no_cache(jobs: dict[str, Any]) -> None:
    prepare = jobs["prepare"]
    assert jobs["update"]["needs"] == ["look", "prepare"]
    assert "--then" in str(prepare)
    # Where one is asked for, be it only whether it is there, the whole machine has it.
    assert "secrets." not in str(prepare)
    assert prepare["permissions"] == {"contents": "read"}
    (setup,) = (step for step in prepare["steps"] if step["name"] == "Set up")
    assert setup["with"]["cache"] == "false"
    (checkout,) = (step for step in prepare["steps"] if step["name"] == "Check out")
    assert checkout["with"]["persist-credentials"] is False
