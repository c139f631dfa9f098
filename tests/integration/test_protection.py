"""Atom 072: ruleset files, and the rulesets of a GitHub of our own, asked by the real gh."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fake_github import HOST, TOKEN, GitHub, Refusal, Reply, Repo, on_github, serving
from layered_project import CI, WORKFLOW
from test_gate_checks import answer, remove, swap

ATOM = "enforce_branch_protection_rules"
REPO = "o/r"
RULES = ".github/rulesets/default-branch.json"
RULESET = (Path(__file__).parents[1] / "golden/service-full" / RULES).read_text(encoding="utf-8")
ARTIFACT = "artifacts/pull_request/protection.json"
APPLY = f"atomci run {ATOM} --apply"
LIST, ONE = f"/repos/{REPO}/rulesets", f"/repos/{REPO}/rulesets/41"


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serving(GitHub({REPO: Repo()})) as running:
        yield running


@pytest.fixture
def project(sample: Any, github: GitHub, tmp_path: Path) -> Any:
    """With the template's ruleset, a workflow that has its check, and an origin on our GitHub."""
    sample.write(RULES, RULESET)
    sample.write(CI, WORKFLOW.replace("  gate:\n", "  gate:\n    name: Required\n"))
    sample.commit("protection")
    return on_github(sample, github, REPO, tmp_path)


def run(project: Any, *options: str, **env: str) -> tuple[int, str, str]:
    """Exit code, outcome and reason."""
    done = project.atomci("run", ATOM, "--json", *options, **env)
    row = done.atoms[ATOM]
    return done.code, row["status"], row["reason"]


def findings(project: Any, level: str = "error") -> dict[str, int]:
    """The last run's messages, with their lines."""
    rows = project.json(f"artifacts/atoms/{ATOM}.json")["findings"]
    return {row["message"]: row["line"] for row in rows if row.get("level", "error") == level}


def live(project: Any, github: GitHub, **changes: Any) -> dict[str, Any]:
    """GitHub's ruleset, made of the file with changes."""
    return github.ruleset(REPO, json.loads(project.read(RULES)) | changes)


def rule(ruleset: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = [row for row in ruleset["rules"] if row["type"] == kind]
    return found


# --- Compared -----------------------------------------------------------------------------------


def test_a_ruleset_that_github_lacks_is_red_and_the_command_that_makes_it_is_named(project, github) -> None:
    code, status, reason = run(project)
    assert (code, status) == (1, "fail")
    assert reason == f"1 missing in {HOST}/{REPO}: {APPLY}"
    assert findings(project) == {"default branch is missing on GitHub": 2}
    (state,) = project.json(ARTIFACT)["rulesets"]
    assert (state["status"], state["path"], state["github"]) == ("missing", RULES, None)
    assert github.writes == []


def test_what_github_adds_of_its_own_makes_no_difference(project, github) -> None:
    made = live(project, github)
    assert "allowed_merge_methods" in rule(made, "pull_request")["parameters"]
    assert run(project) == (0, "pass", f"{HOST}/{REPO} has what the files say")
    (state,) = project.json(ARTIFACT)["rulesets"]
    assert (state["status"], state["differences"], state["github"]["id"]) == ("equal", [], 41)
    assert project.json(ARTIFACT)["repository"] == f"{HOST}/{REPO}"


def test_the_artifact_keeps_its_published_schema(project, github) -> None:
    schema = Path(__file__).parents[2] / "docs/schemas/protection.schema.json"
    validator = jsonschema.Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
    github.ruleset(REPO, {"name": "ours", "enforcement": "active"}, "Organization")
    live(project, github)["bypass_actors"] = [{"actor_id": 5, "actor_type": "Team"}]
    for options in ((), ("--apply",), ("--apply", "--prune")):
        run(project, *options)
        validator.validate(project.json(ARTIFACT))


def test_a_file_that_github_exported_is_compared_by_what_it_declares(project, github) -> None:
    made = live(project, github)
    project.write(RULES, json.dumps({**made, "id": 7, "_links": {}}))
    assert run(project)[:2] == (0, "pass")


def test_each_rule_and_parameter_that_differs_is_named_at_its_line(project, github) -> None:
    made = live(project, github, enforcement="evaluate")
    made["rules"] = [row for row in made["rules"] if row["type"] != "deletion"]
    rule(made, "pull_request")["parameters"]["required_approving_review_count"] = 0
    rule(made, "required_status_checks")["parameters"]["required_status_checks"] = [{"context": "Other"}]
    code, status, reason = run(project)
    assert (code, status, reason) == (1, "fail", f"1 different in {HOST}/{REPO}: {APPLY}")
    lines = project.read(RULES).splitlines()
    where = {
        message: lines[line - 1].strip().split(":")[0].strip('{ "')
        for message, line in findings(project).items()
    }
    checks = "required_status_checks.required_status_checks"
    assert where == {
        'default branch: enforcement is "evaluate" on GitHub, "active" here': "enforcement",
        "default branch: deletion is missing on GitHub": "type",
        "default branch: pull_request.required_approving_review_count is 0 on GitHub, 1 here": (
            "required_approving_review_count"
        ),
        f"default branch: {checks}[Required] is missing on GitHub": "required_status_checks",
    }
    assert list(findings(project, "note")) == [f"default branch: {checks}[Other] is on GitHub only"]
    assert github.writes == []


def test_what_only_github_has_and_protects_the_more_may_stay(project, github) -> None:
    live(project, github)["rules"].append({"type": "required_signatures"})
    github.ruleset(REPO, {"name": "tags", "target": "tag", "enforcement": "active"})
    code, status, reason = run(project)
    assert (code, status) == (0, "pass")
    assert reason.endswith("and 1 more that no file names; --prune shows what that would take")
    assert set(findings(project, "note")) == {
        "default branch: required_signatures is on GitHub only",
        "tags is on GitHub only, no file names it",
    }


@pytest.mark.parametrize("what", ["bypass_actors", "exclude"])
def test_what_only_github_has_and_lets_more_through_is_red(project, github, what: str) -> None:
    made = live(project, github)
    if what == "exclude":
        made["conditions"]["ref_name"]["exclude"] = ["refs/heads/main"]
    else:
        made[what] = [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}]
    code, status, reason = run(project)
    assert (code, status, reason) == (1, "fail", f"1 different in {HOST}/{REPO}: {APPLY} --prune")
    (message,) = findings(project)
    assert message.endswith("is on GitHub only and lets more through")
    assert run(project, "--apply")[:2] == (1, "fail")
    assert github.writes == []
    assert run(project, "--apply", "--prune")[:2] == (0, "pass")
    assert github.writes == [f"PUT {ONE}"]
    assert run(project)[:2] == (0, "pass")


def test_a_ruleset_of_the_organisation_is_none_of_the_files_business(project, github) -> None:
    github.ruleset(REPO, json.loads(RULESET), "Organization")
    assert run(project)[2].startswith("1 missing")
    states = {row["source"]: row["status"] for row in project.json(ARTIFACT)["rulesets"]}
    assert states == {"Repository": "missing", "Organization": "inherited"}


def test_all_pages_of_the_list_are_read(project, github) -> None:
    for number in range(250):
        github.ruleset(REPO, {"name": f"o{number}", "enforcement": "active"}, "Organization")
    live(project, github)
    assert run(project)[:2] == (0, "pass")
    assert github.calls.count(f"GET {LIST}") == 3


def test_it_asks_each_time(project, github) -> None:
    live(project, github)
    assert run(project)[:2] == (0, "pass")
    github.repos[REPO].rulesets.clear()
    assert run(project)[:2] == (1, "fail")


def test_a_read_only_login_is_told_what_it_cannot_see(project, github) -> None:
    github.repos[REPO].may_write = False
    live(project, github)
    code, status, reason = run(project)
    assert (code, status) == (3, "error")
    assert "who may bypass default branch is shown only to those who may change it" in reason
    assert list(findings(project)) == ["default branch: bypass_actors isn't shown to this login"]
    project.replace(RULES, '  "bypass_actors": [],\n', "")
    assert run(project)[:2] == (0, "pass")


# --- Applied ------------------------------------------------------------------------------------


def test_apply_makes_what_is_missing_and_a_second_time_changes_nothing(project, github) -> None:
    project.replace(RULES, '"name"', '"id": 3, "name"')
    code, status, reason = run(project, "--apply")
    assert (code, status) == (0, "pass")
    assert reason == f"created default branch; {HOST}/{REPO} has what the files say"
    sent = github.requests[-1]
    assert (str(sent), sent.body) == (f"POST {LIST}", json.loads(RULESET))
    (state,) = project.json(ARTIFACT)["rulesets"]
    assert (state["done"], state["status"], state["github"]) == ("created", "equal", None)
    assert run(project)[:2] == (0, "pass")
    again = run(project, "--apply")
    assert again == (0, "pass", f"nothing was changed; {HOST}/{REPO} has what the files say")
    assert github.writes == [f"POST {LIST}"]


def test_apply_keeps_rules_parameters_and_checks_that_only_github_has(project, github) -> None:
    made = live(project, github)
    made["bypass_actors"] = [{"actor_id": 5, "actor_type": "Team", "bypass_mode": "pull_request"}]
    made["rules"] = [*made["rules"][1:], {"type": "required_signatures"}]
    rule(made, "pull_request")["parameters"] |= {
        "required_approving_review_count": 3,
        "automatic_copilot_code_review_enabled": True,
    }
    checks = rule(made, "required_status_checks")["parameters"]["required_status_checks"]
    checks[:] = [{"context": "Required", "integration_id": 15368}, {"context": "Other"}]
    before = json.loads(json.dumps(made))
    code, _, reason = run(project, "--apply")
    assert code == 1  # somebody may still bypass it, which the file says nobody may
    assert reason.startswith(f"updated default branch; {HOST}/{REPO} took that, but still differs")
    sent = github.requests[-1]
    assert str(sent) == f"PUT {ONE}"
    assert sent.body.keys() == {"name", "target", "enforcement", "bypass_actors", "conditions", "rules"}
    assert {row["type"] for row in sent.body["rules"]} == {
        row["type"] for row in (*json.loads(RULESET)["rules"], *before["rules"])
    }
    parameters = rule(sent.body, "pull_request")["parameters"]
    assert parameters["required_approving_review_count"] == 1
    assert parameters["automatic_copilot_code_review_enabled"] is True
    assert rule(sent.body, "required_status_checks") == rule(before, "required_status_checks")
    assert sent.body["bypass_actors"] == before["bypass_actors"]
    assert project.json(ARTIFACT)["rulesets"][0]["github"] == before


def test_prune_first_shows_and_then_takes_away_what_no_file_names(project, github) -> None:
    made = live(project, github)
    made["rules"].append({"type": "required_signatures"})
    rule(made, "required_status_checks")["parameters"]["required_status_checks"].append({"context": "Old"})
    other = github.ruleset(REPO, {"name": "old", "enforcement": "active"})
    inherited = github.ruleset(REPO, {"name": "ours", "enforcement": "active"}, "Organization")

    code, status, reason = run(project, "--prune")
    assert (code, status) == (1, "fail")
    assert reason == f"1 different, 1 on GitHub only in {HOST}/{REPO}: {APPLY} --prune"
    assert set(findings(project)) == {
        "default branch: required_signatures is on GitHub only",
        "default branch: required_status_checks.required_status_checks[Old] is on GitHub only",
        "old is on GitHub only, no file names it",
    }
    assert github.writes == []

    code, status, reason = run(project, "--apply", "--prune")
    assert (code, status) == (0, "pass")
    assert reason.startswith("updated default branch, deleted old; ")
    assert github.writes == [f"PUT {ONE}", f"DELETE {LIST}/{other['id']}"]
    assert [row["name"] for row in github.repos[REPO].rulesets] == ["default branch", inherited["name"]]
    assert {row["type"] for row in made["rules"]} == {row["type"] for row in json.loads(RULESET)["rules"]}
    states = {row["name"]: row for row in project.json(ARTIFACT)["rulesets"]}
    assert (states["old"]["done"], states["old"]["github"]) == ("deleted", other)
    assert findings(project) == {}

    again = run(project, "--apply", "--prune")
    assert again == (0, "pass", f"nothing was changed; {HOST}/{REPO} has what the files say")


@pytest.mark.parametrize("options", [("--apply",), ("--apply", "--prune")])
def test_a_dry_run_asks_nothing_and_writes_nothing(project, github, options: tuple[str, ...]) -> None:
    done = project.atomci("run", ATOM, "--dry-run", *options)
    assert done.code == 0
    assert f"GH_HOST={HOST} gh api --include --method GET 'repos/{REPO}/rulesets?" in done.out
    assert github.requests == []
    assert not (project.root / "artifacts").exists()


def test_the_printed_command_is_the_one_that_is_sent(project, github) -> None:
    printed = project.atomci("run", ATOM, "--dry-run").out.splitlines()[-1]
    run(project)
    assert printed in project.log(ATOM)


def changed(github: GitHub) -> None:
    github.repos[REPO].rulesets[0]["enforcement"] = "disabled"


def deleted(github: GitHub) -> None:
    github.repos[REPO].rulesets.clear()


@pytest.mark.parametrize("act", [changed, deleted])
@pytest.mark.parametrize("options", [("--apply",), ("--apply", "--prune")])
def test_what_changes_between_reading_and_writing_is_left_as_it_is(
    project, github, act: Callable[[GitHub], None], options: tuple[str, ...]
) -> None:
    live(project, github, enforcement="evaluate")
    # The first such call reads it for the comparison, the second looks again.
    github.before(f"GET {ONE}", lambda: github.before(f"GET {ONE}", lambda: act(github)))
    code, status, reason = run(project, *options)
    assert (code, status) == (3, "error")
    assert reason.startswith("default branch was changed on GitHub while this ran, so it was left")
    assert github.writes == []


def test_one_that_somebody_made_meanwhile_is_not_made_twice(project, github) -> None:
    github.before(f"POST {LIST}", lambda: live(project, github) and None)
    code, status, reason = run(project, "--apply")
    assert (code, status) == (3, "error")
    assert "answers 422" in reason
    assert "Validation Failed: Name must be unique" in reason
    assert len(github.repos[REPO].rulesets) == 1


def test_what_github_takes_but_does_not_do_is_red(project, github) -> None:
    weak = live(project, github, enforcement="evaluate")
    github.fail(Reply(200, dict(weak)), on="PUT")
    code, status, reason = run(project, "--apply")
    assert (code, status) == (1, "fail")
    assert reason.endswith("took that, but still differs: 1 different")
    assert list(findings(project)) == ['default branch: enforcement is "evaluate" on GitHub, "active" here']


def test_what_was_done_before_something_broke_is_told_and_written_down(project, github) -> None:
    project.write(".github/rulesets/z.json", RULESET.replace('"default branch"', '"z"'))
    github.fail(Reply(201, {"id": 1, "source_type": "Repository", **json.loads(RULESET)}), on="POST")
    github.fail(Reply(500, "<html>Unicorn!</html>"), on="POST")
    code, status, reason = run(project, "--apply")
    assert (code, status) == (3, "error")
    assert reason.startswith(f"created default branch, then: {HOST} answers 500 to POST")
    assert "whether it was written is unknown" in reason
    assert github.writes == [f"POST {LIST}"] * 2  # the second isn't tried again
    done = {row["name"]: row["done"] for row in project.json(ARTIFACT)["rulesets"]}
    assert done == {"default branch": "created", "z": None}


# --- What goes wrong ----------------------------------------------------------------------------


def refused(status: int, message: str, **headers: str) -> Reply:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, Refusal(status, message).reply.body, given)


SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
UPGRADE = "Upgrade to GitHub Pro or make this repository public to enable this feature."
HTML = Reply(502, "<html><title>Unicorn!</title></html>")
BROKEN = {
    "limit": (refused(403, SECONDARY, Retry_After="90"), 1, "asks to wait 90 s: You have exceeded", "after that"),
    "limit-429": (refused(429, "Too many requests", Retry_After="31"), 1, "asks to wait 31 s", "after that"),
    "limit-untimed": (refused(403, SECONDARY), 1, "asks to wait 60 s", "after that"),
    "limit-spent": (
        refused(403, "API rate limit exceeded", X_RateLimit_Remaining="0", X_RateLimit_Reset="9999999999"),
        1,
        "API rate limit exceeded",
        "after that",
    ),
    "short-limit-for-ever": (refused(403, SECONDARY, Retry_After="0"), 3, "asks to wait 0 s", "after that"),
    "unicorn": (HTML, 3, "answers 502 to GET", "https://www.githubstatus.com"),
    "login-page": (Reply(200, "<html>Sign in</html>"), 1, "an answer that isn't JSON", "githubstatus"),
    "no-list": (Reply(200, {"message": "hello"}), 1, "with no list", "githubstatus"),
    "upgrade": (refused(403, UPGRADE), 1, UPGRADE, "public repositories and paid plans"),
    "forbidden": (refused(403, "Resource not accessible by integration"), 1, "answers 403", "Administration"),
    "expired": (refused(401, "Bad credentials"), 1, "Bad credentials", f"gh auth login --hostname {HOST}"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_github_refuses_is_an_error_with_its_words_and_what_to_type(project, github, name: str) -> None:
    reply, times, said, hint = BROKEN[name]
    github.fail(reply, times=3)
    began = time.monotonic()
    code, status, reason = run(project)
    assert (code, status) == (3, "error")
    assert said in reason
    assert hint in reason
    assert "<html>" not in reason
    assert len(github.requests) == times
    assert time.monotonic() - began < 15
    assert not (project.root / ARTIFACT).exists()


@pytest.mark.parametrize("reply", [HTML, refused(403, SECONDARY, Retry_After="1")], ids=["502", "limit"])
def test_what_passes_soon_is_waited_for(project, github, reply: Reply) -> None:
    live(project, github)
    github.fail(reply, times=2)
    assert run(project)[:2] == (0, "pass")


def test_a_spent_limit_is_waited_for_until_it_is_set_back(project, github) -> None:
    live(project, github)
    soon = str(int(time.time()) + 6)
    github.fail(refused(403, "Forbidden", X_RateLimit_Remaining="0", X_RateLimit_Reset=soon))
    assert run(project)[:2] == (0, "pass")


def test_a_rate_limit_on_a_write_is_waited_for(project, github) -> None:
    github.fail(refused(403, SECONDARY, Retry_After="1"), on="POST")
    assert run(project, "--apply")[:2] == (0, "pass")
    assert github.writes == [f"POST {LIST}"] * 2


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_ctrl_c_ends_the_wait_for_a_limit(project, github) -> None:
    github.fail(refused(403, SECONDARY, Retry_After="30"))
    process = project.start("run", ATOM)
    for _ in range(300):
        if github.requests:
            break
        time.sleep(0.1)
    time.sleep(0.5)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("when", ["reading", "writing"])
def test_an_answer_that_never_comes_is_an_error(project, github, when: str) -> None:
    project.append("pyproject.toml", f"\n[tool.atomci.atoms.{ATOM}]\ntimeout = 2.0\n")
    github.before("GET" if when == "reading" else "POST", lambda: time.sleep(4))
    code, status, reason = run(project, "--apply")
    assert (code, status) == (3, "error")
    assert f"gh got no answer from {HOST}: gh took more than 2 s and was killed" in reason
    assert ("whether it was written is unknown" in reason) == (when == "writing")


def test_a_login_that_may_not_write_is_told_so(project, github) -> None:
    github.repos[REPO].may_write = False
    code, status, reason = run(project, "--apply")
    assert (code, status) == (3, "error")
    assert "Resource not accessible by personal access token" in reason
    assert "Administration: read and write" in reason


def without_gh(project: Any, tmp_path: Path) -> dict[str, str]:
    """A PATH with git and no gh."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").symlink_to(str(shutil.which("git")))
    return {"PATH": str(folder)}


@pytest.mark.skipif(os.name == "nt", reason="git can't be linked to")
def test_without_gh_it_is_an_error_that_says_how_to_get_it(project, github, tmp_path: Path) -> None:
    code, status, reason = run(project, **without_gh(project, tmp_path))
    assert (code, status) == (3, "error")
    assert reason == "gh isn't on PATH; install it from https://cli.github.com, then: gh auth login"


def test_without_a_login_a_private_repository_is_not_there(project, github) -> None:
    code, status, reason = run(project, GH_TOKEN="")
    assert (code, status) == (3, "error")
    assert f"{HOST} answers 404 to GET repos/{REPO}/rulesets" in reason
    assert f"gh auth status --hostname {HOST}" in reason


def test_without_a_login_nothing_is_written_to_a_public_repository(project, github) -> None:
    github.repos[REPO].private = False
    code, status, reason = run(project, "--apply", GH_TOKEN="")
    assert (code, status) == (3, "error")
    assert f"Requires authentication; gh auth login --hostname {HOST}, or set GH_TOKEN" in reason


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script")
def test_an_older_gh_that_asks_nobody_without_a_login_is_understood(project, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "gh").write_text("#!/bin/sh\necho 'To get started, please run: gh auth login' >&2\nexit 4\n")
    (folder / "gh").chmod(0o755)
    code, _, reason = run(project, PATH=f"{folder}{os.pathsep}{project.env['PATH']}")
    assert (code, reason) == (
        3,
        f"gh isn't logged in to {HOST}; gh auth login --hostname {HOST}, or set GH_TOKEN",
    )


def test_a_host_that_does_not_answer_is_an_error(project) -> None:
    closed = "http://127.0.0.1:9"
    code, status, reason = run(project, HTTP_PROXY=closed, http_proxy=closed)
    assert (code, status) == (3, "error")
    assert f"gh got no answer from {HOST}" in reason
    assert f"gh auth status --hostname {HOST}" in reason


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (None, "git has no remote called origin here; git remote add origin https://github.com/"),
        ("../elsewhere", "origin is ../elsewhere, which names no repository on a GitHub host; git remote"),
        (
            "https://me:secret@example.com/a/b/c",  # pragma: allowlist secret
            "origin is https://example.com/a/b/c, which names",
        ),
    ],
)
def test_an_origin_that_is_not_on_github_is_an_error(project, github, url: str | None, said: str) -> None:
    project.git("remote", "remove", "origin")
    if url is not None:
        project.git("remote", "add", "origin", url)
    code, status, reason = run(project, "--apply", "--prune")
    assert (code, status) == (3, "error")
    assert said in reason
    assert "secret" not in reason
    assert github.requests == []


NO_FILES = [
    (remove(RULES), "vacuous", "there is no .github/rulesets/*.json"),
    (swap(RULES, '"name"', "name"), "fail", "not JSON"),
    (swap(RULES, '"name"', '"nam"'), "fail", f"{RULES}:2: nam isn't a key of a ruleset"),
    (lambda project: project.write(".github/rulesets/b.json", RULESET), "fail", "names 2 files' rulesets"),
]


@pytest.mark.parametrize(("act", "status", "said"), NO_FILES, ids=range(len(NO_FILES)))
def test_files_that_say_nothing_clear_change_nothing(project, github, act, status: str, said: str) -> None:
    github.ruleset(REPO, {"name": "old", "enforcement": "active"})
    act(project)
    code, found, reason = run(project, "--apply", "--prune")
    assert (code, found) == (1, status)
    assert said in reason
    assert github.requests == []


def test_settings_for_peoples_terminals_do_not_colour_what_is_read(project, github) -> None:
    live(project, github)
    settings = {"GH_FORCE_TTY": "1", "CLICOLOR_FORCE": "1", "GH_DEBUG": "api", "GH_HOST": "example.com"}
    assert run(project, **settings)[:2] == (0, "pass")
    assert "Authorization" not in project.log(ATOM)


def test_the_token_is_in_no_file_that_is_left(project, github) -> None:
    run(project, "--apply")
    assert github.requests[-1].headers["authorization"].endswith(TOKEN)
    left = [path for path in (project.root / "artifacts").rglob("*") if path.is_file()]
    assert left
    assert [path for path in left if TOKEN in path.read_text(encoding="utf-8")] == []


# --- The check ----------------------------------------------------------------------------------

REVIEW, LINEAR = '"required_approving_review_count": 1', '    { "type": "required_linear_history" },\n'
NEEDS = "needs: [unit, e2e]"
WEAK = [
    (remove(RULES), "missing: no ruleset protects a branch"),
    (swap(RULES, '"name"', "name"), f"{RULES}:2: not JSON"),
    (lambda project: project.write(RULES, "[]"), f"{RULES}:1: not a ruleset: expected a table"),
    (swap(RULES, '"name": "default branch",', ""), "a ruleset needs a name"),
    (swap(RULES, '"active"', '"on"'), f"{RULES}:4: enforcement is on, not one of active"),
    (swap(RULES, '"target": "branch"', '"target": "main"'), f"{RULES}:3: target is main"),
    (swap(RULES, '"bypass_actors"', '"bypass"'), f"{RULES}:8: bypass isn't a key of a ruleset"),
    (swap(RULES, '"type": "deletion"', '"kind": "deletion"'), f"{RULES}:10: a rule needs a type"),
    (swap(RULES, '"deletion"', '"non_fast_forward"'), f"{RULES}:11: non_fast_forward is there twice"),
    (swap(RULES, '"active"', '"evaluate"'), f"{RULES}:1: no active ruleset is for main"),
    (swap(RULES, '"active"', '"disabled"'), "no active ruleset is for main"),
    (swap(RULES, '"target": "branch"', '"target": "tag"'), "no active ruleset is for main"),
    (swap(RULES, "~DEFAULT_BRANCH", "refs/heads/release/*"), "no active ruleset is for main"),
    (swap(RULES, '"exclude": []', '"exclude": ["refs/heads/ma*"]'), "no active ruleset is for main"),
    (swap(RULES, '"pull_request"', '"update"'), f"{RULES}:9: no rule pull_request"),
    (swap(RULES, REVIEW, REVIEW.replace("1", "0")), f"{RULES}:16: a pull request needs no approval"),
    (swap(RULES, REVIEW, REVIEW.replace("1", "true")), "a pull request needs no approval"),
    (swap(RULES, LINEAR, ""), f"{RULES}:9: no rule required_linear_history"),
    (swap(RULES, '"Required"', '"gate"'), f"{RULES}:27: gate is required, not Required"),
    (swap(RULES, '[{ "context": "Required" }]', "[]"), "no check is required, not Required"),
    (remove(CI), f"{CI}: missing"),
    (swap(CI, "if: always()", "if: success()"), "no roll-up"),
    (swap(CI, NEEDS, "needs: [unit]"), "gate doesn't need e2e, so it is green without"),
    (swap(CI, "${{ join(needs.*.result, ' ') }}", "success success"), "gate doesn't look at needs"),
    (swap(CI, "  pull_request:\n", ""), "Required isn't reported on pull requests"),
]


@pytest.mark.parametrize(("act", "said"), WEAK, ids=range(len(WEAK)))
def test_the_check_names_what_the_files_do_not_demand(project, github, act, said: str) -> None:
    assert answer(project, ATOM)[:2] == (0, "holds")
    act(project)
    code, status, evidence = answer(project, ATOM)
    assert (code, status) == (1, "broken"), evidence
    assert said in evidence
    assert "require reviews, a linear history and the roll-up's check" in evidence
    assert github.requests == []


def test_rules_of_several_files_count_together(project) -> None:
    project.replace(RULES, LINEAR, "")
    assert answer(project, ATOM)[1] == "broken"
    linear = {
        "name": "line",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": ["refs/heads/**"], "exclude": []}},
        "rules": [{"type": "required_linear_history"}],
    }
    project.write(".github/rulesets/line.json", json.dumps(linear))
    assert answer(project, ATOM)[1] == "holds"


def test_who_works_alone_has_pull_requests_without_approval(project) -> None:
    project.write(RULES, RULESET.replace('approving_review_count": 1', 'approving_review_count": 0'))
    assert answer(project, ATOM)[1] == "broken"
    project.write(".copier-answers.yml", "_src_path: x\n_commit: v1\nreviewers: '@acme/core'\n")
    assert answer(project, ATOM)[1] == "broken"
    project.write(".copier-answers.yml", "_src_path: x\n_commit: v1\nreviewers: ''\n")
    assert answer(project, ATOM)[1] == "holds"
