"""`atomci update --pull-request`: real git, and real gh where a test asks for it, against a GitHub of our own."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fake_github import HOST, GitHub, Reply, Repo, serving
from gh_in_process import answer_gh
from sync_world import Folder, Outcome, Pristine, Run, lines

REPO = "o/r"
BRANCH = "atomci/template-update"
PUSH = f"POST /{REPO}.git/git-receive-pack"
OPEN = f"POST /repos/{REPO}/pulls"
EDIT = f"PATCH /repos/{REPO}/pulls/1"
GRAPHQL = "POST /graphql"
SCHEMA = Path(__file__).parents[3] / "docs/schemas/proposal.schema.json"
HELPER = '!f() { test "$1" = get && echo username=x && echo "password=$GH_TOKEN"; }; f'


@pytest.fixture
def github(pristine: Pristine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    """With the private repository o/r, and a shell whose git and gh are logged in."""
    programs = Path(sys.executable).parent
    assert shutil.which("gh", path=programs), "gh isn't installed: uv sync --all-groups"
    bare = pristine.place / "hub" / "r.git"
    for name in ("GH_HOST", "GH_REPO", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    with serving(GitHub({REPO: Repo(bare=bare)})) as running:
        settings = {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "credential.helper",
            "GIT_CONFIG_VALUE_0": HELPER,
        }
        path = os.pathsep.join((str(programs), os.environ["PATH"]))
        env = running.env | settings | {"PATH": path, "GH_CONFIG_DIR": str(tmp_path / "gh")}
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def cloned(project: Folder, github: GitHub, pristine: Pristine) -> Folder:
    """The project on our GitHub, and another clone of it."""
    bare, other = github.repos[REPO].bare, pristine.place / "other"
    assert bare is not None

    def make() -> None:
        bare.mkdir(parents=True)
        Folder(bare).git("init", "--quiet", "--bare", "--initial-branch=main")
        project.git("remote", "add", "origin", f"http://{HOST}/{REPO}.git")
        project.git("push", "--quiet", "origin", "main")
        project.git("clone", "--quiet", f"http://{HOST}/{REPO}.git", str(other))

    pristine.put("cloned", pristine.place, make)
    github.requests.clear()
    return Folder(other)


def untouchable(project: Folder) -> tuple[object, ...]:
    """All but what git remembers of its pushes."""
    files, index, head, _, under_way = project.whole
    return files, index, head, project.git("for-each-ref", "refs/heads", "refs/tags"), under_way


@dataclass(frozen=True)
class World:
    """A project, its template, its GitHub, and somebody else's clone."""

    template: Folder
    project: Folder
    other: Folder
    github: GitHub
    atomci: Run

    @property
    def bare(self) -> Folder:
        """What GitHub's git has."""
        bare = self.github.repos[REPO].bare
        assert bare is not None
        return Folder(bare)

    @property
    def pulls(self) -> list[dict[str, Any]]:
        return self.github.repos[REPO].pulls

    @property
    def pull(self) -> dict[str, Any]:
        (found,) = self.pulls
        return found

    @property
    def statuses(self) -> dict[str, list[dict[str, Any]]]:
        return self.github.repos[REPO].statuses

    def tip(self, branch: str = BRANCH) -> str:
        return self.bare.git("rev-parse", branch)

    def propose(self, *options: str) -> Outcome:
        """Run it. It never touches the project's folder, index, HEAD and branches, whatever happens."""
        before = untouchable(self.project)
        self.github.requests.clear()
        done = self.atomci("update", "--pull-request", *options)
        assert untouchable(self.project) == before
        return done

    def release(self, tag: str, **files: str) -> None:
        """A version of the template with other files: `ci_yml="..."`."""
        self.template.commit(
            {f"template/{name.replace('_', '.')}": text for name, text in files.items()}, tag
        )

    def push_other(self, **files: str) -> str:
        """A commit of somebody else's on the branch of the update; its id."""
        self.other.git("fetch", "--quiet", "origin")
        self.other.git("switch", "--quiet", "--force-create", BRANCH, f"origin/{BRANCH}")
        self.other.commit({name.replace("_", "."): text for name, text in files.items()})
        self.other.git("push", "--quiet", "origin", BRANCH)
        return self.tip()

    def push_own(self, **files: str) -> None:
        """A commit of the project's own, on GitHub."""
        self.project.commit({name.replace("_", "."): text for name, text in files.items()})
        self.project.git("push", "--quiet", "origin", "main")

    def conflict(self) -> None:
        """v2.0.0 and the project both change a line of guide.txt."""
        self.push_own(guide_txt=lines("guide", n5="mine"))
        self.release("v2.0.0", guide_txt=lines("guide", n5="the template's"), ci_yml=lines("ci", 25))


@pytest.fixture
def real_gh() -> None:
    """What gh itself makes of a call, an answer and a refusal: one test for each kind of them."""


@pytest.fixture
def world(
    template: Folder,
    project: Folder,
    cloned: Folder,
    github: GitHub,
    atomci: Run,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    """All of it together."""
    if "real_gh" not in request.fixturenames:
        answer_gh(github, monkeypatch)
    return World(template, project, cloned, github, atomci)


# --- Clean --------------------------------------------------------------------------------------


def test_nothing_new_asks_nobody(world: World) -> None:
    done = world.propose()

    assert (done.code, done.json["state"]) == (0, "up-to-date")
    assert world.github.calls == []
    assert "up to date: v1.0.0" in world.atomci("update", "--pull-request", as_json=False).out


@pytest.mark.usefixtures("real_gh")
def test_a_clean_update_becomes_a_ready_pull_request(world: World) -> None:
    world.push_own(keep_txt=lines("keep", n3="mine"))
    world.release("v2.0.0", ci_yml=lines("ci", 25), keep_txt=lines("keep", n30="the template's"))

    done = world.propose()

    assert done.code == 0, done.err
    assert (done.json["state"], done.json["number"], done.json["draft"]) == ("opened", 1, False)
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(done.json)
    assert world.github.writes == [PUSH, OPEN]
    pull = world.pull
    assert (pull["draft"], pull["base"]["ref"], pull["title"]) == (
        False, "main", "Update the template from v1.0.0 to v2.0.0"
    )  # fmt: skip
    assert "- `ci.yml`: updated" in pull["body"]
    assert "- `keep.txt`: merged" in pull["body"]
    assert done.json["commit"] == world.tip() == pull["head"]["sha"]
    assert world.bare.git("rev-parse", f"{BRANCH}^") == world.tip("main")
    assert world.statuses == {}


def test_what_is_pushed_is_what_an_update_commits(world: World) -> None:
    world.push_own(keep_txt=lines("keep", n3="mine"))
    world.release("v2.0.0", ci_yml=lines("ci", 25), keep_txt=lines("keep", n30="the template's"))
    assert world.propose().code == 0

    assert world.atomci("update", "--commit").code == 0

    assert world.bare.git("rev-parse", f"{BRANCH}^{{tree}}") == world.project.git("rev-parse", "HEAD^{tree}")


def test_uncommitted_work_stays_and_is_not_in_it(world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    world.project.write({"ci.yml": "half done\n", "new.txt": "mine\n"})

    assert world.propose().code == 0

    assert "half done" not in world.bare.git("show", f"{BRANCH}:ci.yml")
    assert "new.txt" not in world.bare.git("ls-tree", "--name-only", BRANCH).splitlines()


def test_a_second_run_writes_nothing(world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    first = world.propose()

    done = world.propose()

    assert (done.code, done.json["state"]) == (0, "unchanged")
    assert done.json["commit"] == first.json["commit"]
    assert world.github.writes == []


@pytest.mark.usefixtures("real_gh")
def test_a_newer_version_takes_the_place_of_the_older_in_the_same_pull_request(world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    assert world.propose().code == 0
    world.release("v3.0.0", ci_yml=lines("ci", 30))

    done = world.propose()

    assert (done.code, done.json["state"], done.json["number"]) == (0, "updated", 1)
    assert world.github.writes == [PUSH, EDIT]
    assert world.pull["title"] == "Update the template from v1.0.0 to v3.0.0"
    assert world.bare.git("rev-list", "--count", f"main..{BRANCH}") == "1"


def test_a_base_that_went_on_is_followed(world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    assert world.propose().code == 0
    world.push_own(own_txt="mine\n")

    assert world.propose().json["state"] == "updated"

    assert world.github.writes == [PUSH]
    assert world.bare.git("rev-parse", f"{BRANCH}^") == world.tip("main")


def test_what_people_wrote_around_the_body_and_their_title_stay(world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    assert world.propose().code == 0
    ours = world.pull["body"].replace("\n", "\r\n")
    world.pull.update({"body": f"see also\r\n{ours}\r\nreviewed by me", "title": "Mine"})
    assert world.propose().json["state"] == "unchanged"
    world.push_own(own_txt="mine\n")
    assert world.propose().code == 0
    assert world.pull["title"] == "Mine"
    world.release("v3.0.0", ci_yml=lines("ci", 30))

    assert world.propose().code == 0

    body = world.pull["body"]
    assert body.startswith("see also\n")
    assert body.endswith("\nreviewed by me")
    assert "`v3.0.0`" in body
    assert "v2.0.0" not in body
    assert "v3.0.0" in world.pull["title"]


def test_the_branch_of_a_merged_pull_request_is_used_again(world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    assert world.propose().code == 0
    assert world.atomci("update", "--commit").code == 0  # squashed
    world.project.git("push", "--quiet", "origin", "main")
    world.pull.update({"state": "closed", "merged_at": "2026-01-01"})
    assert world.propose().json["state"] == "up-to-date"
    world.release("v3.0.0", ci_yml=lines("ci", 30))

    done = world.propose()

    assert (done.code, done.json["state"], done.json["number"]) == (0, "opened", 2)


def test_a_pull_request_that_somebody_closed_stays_closed_for_its_version(world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    assert world.propose().code == 0
    world.pull["state"] = "closed"

    done = world.propose()
    assert (done.code, done.json["state"], world.github.writes) == (0, "declined", [])
    assert "somebody closed" in world.atomci("update", "--pull-request", as_json=False).out

    assert world.propose("--to", "v2.0.0").json["number"] == 2
    world.pulls[1]["state"] = "closed"
    world.release("v3.0.0", ci_yml=lines("ci", 30))
    assert world.propose().json["number"] == 3


# --- Conflicts ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("real_gh")
def test_conflicts_are_a_draft_with_a_red_check_and_exit_code_1(world: World) -> None:
    world.conflict()

    done = world.propose()

    assert (done.code, done.json["state"], done.json["draft"]) == (1, "opened", True), done.err
    assert done.json["conflicts"] == ["guide.txt"]
    assert world.pull["draft"]
    body = world.pull["body"]
    assert "- `guide.txt`: `contents`" in body
    assert f"git switch {BRANCH}" in body
    assert "<<<<<<< yours\nmine\n" in world.bare.git("show", f"{BRANCH}:guide.txt")
    (status,) = world.statuses[world.tip()]
    assert (status["state"], status["context"]) == ("failure", BRANCH)
    assert "1 file in conflict" in status["description"]


def test_a_second_run_with_conflicts_writes_nothing_and_is_red_still(world: World) -> None:
    world.conflict()
    world.propose()

    done = world.propose()

    assert (done.code, done.json["state"], world.github.writes) == (1, "unchanged", [])


@pytest.mark.usefixtures("real_gh")
def test_a_ready_pull_request_is_a_draft_before_it_holds_markers(world: World) -> None:
    world.push_own(guide_txt=lines("guide", n5="mine"))
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    assert world.propose().code == 0
    world.release("v3.0.0", guide_txt=lines("guide", n5="the template's"))

    done = world.propose()

    assert (done.code, done.json["state"]) == (1, "updated")
    assert world.github.writes == [GRAPHQL, PUSH, f"POST /repos/{REPO}/statuses/{world.tip()}", EDIT]
    assert world.pull["draft"]


@pytest.mark.usefixtures("real_gh")
def test_where_it_can_not_be_made_a_draft_no_marker_is_pushed(world: World) -> None:
    world.push_own(guide_txt=lines("guide", n5="mine"))
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    assert world.propose().code == 0
    tip = world.tip()
    world.release("v3.0.0", guide_txt=lines("guide", n5="the template's"))
    refused = {"data": None, "errors": [{"message": "Resource not accessible by integration"}]}
    world.github.fail(Reply(200, refused), on="/graphql")

    done = world.propose()

    assert done.code == 3
    assert "Resource not accessible" in done.err
    assert "Pull requests: read and write" in done.err
    assert (world.tip(), world.pull["draft"]) == (tip, False)


def test_somebody_who_marks_it_ready_with_markers_in_it_finds_a_draft_again(world: World) -> None:
    world.conflict()
    world.propose()
    world.pull["draft"] = False

    done = world.propose()

    assert (done.code, world.github.writes, world.pull["draft"]) == (1, [GRAPHQL], True)


def test_conflicts_that_are_gone_make_it_ready(world: World) -> None:
    world.conflict()
    world.propose()
    world.release("v3.0.0", guide_txt=lines("guide", n5="mine"))

    done = world.propose()

    assert (done.code, done.json["draft"]) == (0, False)
    assert world.github.writes == [PUSH, GRAPHQL, EDIT]
    assert not world.pull["draft"]
    assert world.tip() not in world.statuses
    assert "<<<<<<<" not in world.bare.git("show", f"{BRANCH}:guide.txt")


def test_a_draft_of_somebodys_own_making_stays_one(world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    assert world.propose().code == 0
    world.pull["draft"] = True
    world.release("v3.0.0", ci_yml=lines("ci", 30))

    assert world.propose().code == 0

    assert world.pull["draft"]


def test_where_there_are_no_drafts_conflicts_open_nothing(world: World) -> None:
    world.github.repos[REPO].drafts = False
    world.conflict()

    done = world.propose()

    assert done.code == 3
    assert "never put in a pull request that could be merged" in done.err
    assert world.pulls == []


@pytest.mark.usefixtures("real_gh")
def test_a_token_that_may_not_set_checks_is_told_and_the_rest_is_done(world: World) -> None:
    world.conflict()
    world.github.fail(Reply(403, {"message": "Resource not accessible by token"}), on="/statuses/")

    done = world.propose()

    assert (done.code, done.json["state"], world.pull["draft"]) == (1, "opened", True)
    assert "Commit statuses" in done.json["notes"][0]


@pytest.mark.usefixtures("real_gh")
def test_what_broke_off_half_way_is_made_up_for(world: World) -> None:
    world.conflict()
    world.github.fail(Reply(500, {"message": "Server Error"}), on=OPEN)
    assert world.propose().code == 3
    assert world.pulls == []

    done = world.propose()

    assert (done.code, done.json["state"], world.github.writes) == (1, "opened", [OPEN])
    assert len(world.statuses[world.tip()]) == 1


# --- Other people -------------------------------------------------------------------------------


def test_a_commit_of_somebody_else_is_never_overwritten(world: World) -> None:
    world.conflict()
    world.propose()
    other = world.other
    other.git("fetch", "--quiet", "origin")
    other.git("switch", "--quiet", BRANCH)
    other.commit({"guide.txt": lines("guide", n5="both")})
    other.git("push", "--quiet", "origin", BRANCH)
    theirs = world.tip()

    for tag in ("v3.0.0", "v4.0.0"):
        world.release(tag, ci_yml=lines("ci", len(tag)))
        done = world.propose()

        assert done.code == 4
        assert "commits of somebody else" in done.err
        assert world.pull["html_url"] in done.err
        assert (world.tip(), world.github.writes) == (theirs, [])

    other.git("push", "--quiet", "origin", "--delete", BRANCH)
    world.pull["state"] = "closed"
    assert world.propose().json["number"] == 2


def test_who_resolves_a_draft_is_left_alone_and_it_is_green_until_a_newer_version_is_out(
    world: World,
) -> None:
    world.conflict()
    assert world.propose().code == 1
    theirs = world.push_other(guide_txt=lines("guide", n5="both"))

    for _ in range(2):  # each week
        done = world.propose()

        assert (done.code, done.json["state"], done.json["conflicts"]) == (0, "taken-over", []), done.err
        assert (done.json["commit"], done.json["draft"]) == (theirs, True)
        assert done.json["notes"] == [f"somebody is finishing it on {BRANCH}; left alone"]
        assert (world.tip(), world.github.writes) == (theirs, [])
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(done.json)
    said = world.atomci("update", "--pull-request", as_json=False).out
    assert f"somebody is finishing it on {BRANCH}" in said
    assert world.pull["html_url"] in said

    world.pull["draft"] = False  # theirs to mark as ready
    done = world.propose()
    assert (done.code, done.json["draft"], world.github.writes) == (0, False, [])

    world.release("v3.0.0", ci_yml=lines("ci", 30))
    assert (world.propose().code, world.tip()) == (4, theirs)


def test_markers_that_somebody_left_keep_it_a_draft_and_red(world: World) -> None:
    world.conflict()
    world.propose()
    theirs = world.push_other(other_txt="something else\n")
    world.pull["draft"] = False

    done = world.propose()

    assert (done.code, done.json["state"], done.json["conflicts"]) == (
        1,
        "taken-over",
        ["guide.txt"],
    ), done.err
    assert (world.tip(), world.pull["draft"], done.json["draft"]) == (theirs, True, True)
    (status,) = world.statuses[theirs]
    assert (status["state"], status["context"]) == ("failure", BRANCH)
    assert (
        "guide.txt still has conflict markers" in world.atomci("update", "--pull-request", as_json=False).out
    )

    assert (world.propose().code, world.github.writes) == (1, [])
    world.push_other(guide_txt=lines("guide", n5="both"))
    assert world.propose().code == 0


def test_markers_of_a_merge_of_their_own_count_and_those_of_the_default_branch_do_not(world: World) -> None:
    world.push_own(manual_txt="<<<<<<< an example\n")
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    assert world.propose().code == 0
    world.push_other(own_txt="mine\n")
    assert world.propose().code == 0

    world.push_other(own_txt="<<<<<<< HEAD\nmine\n")

    done = world.propose()
    assert (done.code, done.json["conflicts"]) == (1, ["own.txt"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("_commit: v2.0.0", 0),
        ("_commit: v2.1.0", 0),  # newer than the newest, as a pre-release of their own
        ("_commit: v1.0.0", 4),
        ("_commit: 0123abc", 4),
        ("- no: mapping", 4),
        (": : :", 4),
    ],
)
def test_the_version_that_the_branch_records_decides(change: str, code: int, world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    assert world.propose().code == 0
    answers = world.bare.git("show", f"{BRANCH}:.copier-answers.yml") + "\n"
    world.other.git("fetch", "--quiet", "origin")
    world.other.git("switch", "--quiet", BRANCH)
    world.other.commit(
        {".copier-answers.yml": answers.replace("_commit: v2.0.0", change), "own.txt": "mine\n"}
    )
    world.other.git("push", "--quiet", "origin", BRANCH)

    done = world.propose()

    assert (done.code, world.github.writes) == (code, []), done.err


def test_without_an_open_pull_request_nobody_would_know_of_it(world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    assert world.propose().code == 0
    world.push_other(own_txt="mine\n")
    world.pulls.clear()

    done = world.propose()

    assert (done.code, world.github.writes) == (4, [])


def test_another_answer_is_not_what_somebody_is_finishing(world: World) -> None:
    assert world.propose("-d", "licence=Apache-2.0").code == 0
    world.push_other(own_txt="mine\n")

    assert world.propose("-d", "licence=Apache-2.0").json["state"] == "taken-over"
    assert world.propose("-d", "name=other").code == 4


@pytest.mark.parametrize("how", ["amended", "merged into", "a branch of their own"])
def test_every_way_to_make_the_branch_ones_own_counts(how: str, world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    assert world.propose().code == 0
    other = world.other
    other.git("fetch", "--quiet", "origin")
    other.git("switch", "--quiet", BRANCH)
    if how == "amended":
        other.write({"own.txt": "mine\n"})
        other.git("add", "own.txt")
        other.git("commit", "--quiet", "--amend", "--no-edit")
    elif how == "merged into":
        world.push_own(own_txt="mine\n")
        other.git("fetch", "--quiet", "origin")
        other.git("merge", "--quiet", "--no-edit", "origin/main")
    else:
        other.git("switch", "--quiet", "--force-create", BRANCH, "origin/main")
        other.commit({"own.txt": "mine\n"})
    other.git("push", "--quiet", "--force", "origin", BRANCH)
    theirs = world.tip()
    world.release("v3.0.0", ci_yml=lines("ci", 30))

    assert world.propose().code == 4

    assert world.tip() == theirs


def test_a_branch_that_moves_while_it_runs_is_left_alone(world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    assert world.propose().code == 0
    world.release("v3.0.0", ci_yml=lines("ci", 30))

    def move() -> None:
        theirs = world.bare.git("commit-tree", f"{BRANCH}^{{tree}}", "-p", BRANCH, "-m", "theirs")
        world.bare.git("update-ref", f"refs/heads/{BRANCH}", theirs)

    world.github.before(f"/repos/{REPO}/pulls", move)

    done = world.propose()

    assert done.code == 4
    assert "was changed on origin while this ran" in done.err
    assert world.bare.git("log", "-1", "--format=%s", BRANCH) == "theirs"
    assert PUSH not in world.github.writes


def test_commits_that_are_not_on_github_are_not_put_in_a_pull_request(world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    world.project.commit({"secret.txt": "not yet\n"})

    done = world.propose()

    assert (done.code, world.github.writes) == (4, [])
    assert "HEAD isn't part of main on origin" in done.err


def test_answers_that_are_not_committed_are_refused(world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    answers = world.project.read(".copier-answers.yml")
    world.project.write({".copier-answers.yml": answers.replace("MIT", "Apache-2.0")})

    assert world.propose().code == 4


# --- Refused ------------------------------------------------------------------------------------


def test_a_token_that_may_not_push_workflows_is_named(world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    hook = world.bare.root / "hooks" / "pre-receive"
    hook.write_text(
        "#!/bin/sh\necho 'refusing to allow a Personal Access Token to create or update workflow "
        "`.github/workflows/ci.yml` without `workflow` scope' >&2\nexit 1\n"
    )
    hook.chmod(0o755)

    done = world.propose()

    assert done.code == 3
    assert "Workflows: read and write" in done.err
    assert world.pulls == []


def test_a_push_that_is_refused_for_another_reason_says_which(world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    hook = world.bare.root / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'commits must be signed' >&2\nexit 1\n")
    hook.chmod(0o755)

    done = world.propose()

    assert done.code == 3
    assert "commits must be signed" in done.err


def test_a_token_that_may_only_read_is_told_what_it_lacks(world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    world.github.repos[REPO].may_write = False

    done = world.propose()

    assert done.code == 3
    assert "Contents: read and write" in done.err


def test_an_origin_that_is_gone_is_told(world: World) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    world.github.repos[REPO].bare = None
    world.project.git("remote", "set-url", "origin", f"http://{HOST}/o/gone.git")

    done = world.propose()

    assert done.code == 3
    assert "origin can't be read" in done.err


@pytest.mark.usefixtures("real_gh")
def test_without_a_token_nothing_is_done(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    monkeypatch.delenv("GH_TOKEN")

    done = world.propose()
    assert (done.code, world.github.writes) == (3, [])
    assert "gh auth setup-git" in done.err

    world.github.repos[REPO].private = False
    done = world.propose()
    assert (done.code, world.github.writes) == (3, [])
    assert "Authentication failed" in done.err


@pytest.mark.parametrize("words", [("--plan",), ("--commit",), ("--abort",), ("--continue",)])
def test_it_goes_with_no_other_way_to_end(words: tuple[str, ...], world: World) -> None:
    assert world.propose(*words).code == 2


# --- Finished by a tool -------------------------------------------------------------------------

LOCK = (
    f"{sys.executable} -c 'import pathlib, time; pathlib.Path(\"tool.lock\").write_text(str(time.time_ns()))'"
)


def test_what_a_command_makes_of_the_updated_tree_is_part_of_it(world: World) -> None:
    world.push_own(tool_lock="old\n")
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    python = f"{sys.executable} -c"
    work = (
        'from pathlib import Path as P; assert "line number 25" in P("ci.yml").read_text(); '
        'P("tool.lock").write_text("new"); P("made.txt").write_text("made")'
    )

    done = world.propose("--then", f"{python} '{work}'")

    assert done.code == 0, done.err
    assert done.json["finished"]
    assert [world.bare.git("show", f"{BRANCH}:{path}") for path in ("tool.lock", "made.txt")] == [
        "new",
        "made",
    ]
    assert world.bare.git("show", "main:tool.lock") == "old"


def test_what_a_tool_makes_is_not_made_again_for_the_same_update(world: World) -> None:
    world.push_own(tool_lock="old\n")
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    assert world.propose("--then", LOCK).code == 0
    made = world.bare.git("show", f"{BRANCH}:tool.lock")

    assert world.propose("--then", LOCK).json["state"] == "unchanged"
    assert world.github.writes == []

    world.release("v3.0.0", ci_yml=lines("ci", 30))
    assert world.propose("--then", LOCK).json["state"] == "updated"
    assert world.bare.git("show", f"{BRANCH}:tool.lock") != made


def test_a_command_that_fails_is_told_and_tried_again(world: World) -> None:
    world.push_own(tool_lock="old\n")
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    failing = f"{sys.executable} -c 'raise SystemExit(\"no such version\")'"

    done = world.propose("--then", failing)

    assert (done.code, done.json["state"], done.json["finished"]) == (1, "opened", False)
    assert "no such version" in done.err
    assert "failed in the updated tree" in world.pull["body"]
    assert not world.pull["draft"]
    assert (world.propose("--then", failing).code, world.github.writes) == (1, [])

    assert world.propose("--then", LOCK).code == 0
    assert world.bare.git("show", f"{BRANCH}:tool.lock") != "old"
    assert "failed" not in world.pull["body"]


def test_conflicts_are_not_given_to_a_tool(world: World) -> None:
    world.conflict()

    assert world.propose("--then", LOCK).code == 1

    assert "tool.lock" not in world.bare.git("ls-tree", "--name-only", BRANCH).splitlines()


SAY = 'import os, json; open("told.json", "w").write(json.dumps(dict(os.environ)))'
TOLD = f"{sys.executable} -c '{SAY}'"


def test_a_command_gets_no_token_no_login_and_no_configuration(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    secrets = {
        "GITHUB_TOKEN": "t0k", "NPM_CONFIG__AUTH": "t0k", "AWS_SECRET_ACCESS_KEY": "t0k", "MY_PW": "t0k",
        "SSH_AUTH_SOCK": "/t0k", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t0k", "NETRC": "/t0k",
        "GH_CONFIG_DIR": "/t0k", "UV_INDEX_URL": "https://u:t0k@example.com/simple",  # pragma: allowlist secret
        "GIT_CONFIG_PARAMETERS": "'http.extraheader'='t0k'", "ALL_PROXY": "http://u:t0k@proxy",
    }  # fmt: skip
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)

    assert world.propose("--then", TOLD).code == 0

    told = json.loads(world.bare.git("show", f"{BRANCH}:told.json"))
    assert "t0k" not in str(told)
    assert "GH_TOKEN" not in told
    assert told["HOME"] == told["XDG_CONFIG_HOME"] != os.environ.get("HOME")
    assert told["PATH"] == os.environ["PATH"]


def test_what_was_prepared_without_a_token_is_proposed_and_not_run(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.push_own(tool_lock="old\n")
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    kept, before, written = tmp_path / "kept", untouchable(world.project), list(world.github.writes)
    with monkeypatch.context() as patch:
        patch.delenv("GH_TOKEN", raising=False)
        done = world.atomci("update", "--then", LOCK, "--prepare", str(kept), as_json=False)
    assert (done.code, world.github.writes) == (0, written), done.err
    assert untouchable(world.project) == before
    made = kept.read_text(encoding="utf-8").rpartition("\n+")[2].partition("\n")[0]

    done = world.propose("--prepared", str(kept))

    assert (done.code, done.json["finished"]) == (0, True), done.err
    assert world.bare.git("show", f"{BRANCH}:tool.lock") == made
    assert world.propose("--prepared", str(kept)).json["state"] == "unchanged"


NEW_FILE = "diff --git a/{0} b/{0}\nnew file mode 100644\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+x\n"


@pytest.mark.parametrize(
    "patch",
    [None, "", "HEAD-OF-ANOTHER\n", "{head}rubbish\n", *("{head}" + NEW_FILE.format(path)
     for path in (".git/config", "../x", "a/../../x", ".GIT/x"))],
)  # fmt: skip
def test_what_was_not_prepared_well_is_told(patch: str | None, world: World, tmp_path: Path) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    file, nothing = tmp_path / "kept", f"{sys.executable} -c 0"
    assert world.atomci("update", "--then", nothing, "--prepare", str(file), as_json=False).code == 0
    head = file.read_text(encoding="utf-8")
    file.unlink()
    if patch is not None:
        file.write_text(patch.format(head=head), encoding="utf-8")

    done = world.propose("--prepared", str(file))

    assert (done.code, done.json["finished"]) == (1, False)
    assert "failed in the updated tree" in world.pull["body"]


def test_a_command_that_fails_is_told_when_it_is_prepared(world: World, tmp_path: Path) -> None:
    world.release("v2.0.0", ci_yml=lines("ci", 25))
    failing = f"{sys.executable} -c 'raise SystemExit(\"no such version\")'"

    done = world.atomci("update", "--then", failing, "--prepare", str(tmp_path / "kept"), as_json=False)

    assert done.code == 1
    assert "no such version" in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("--prepare", "f"), ("--then", "x", "--prepare", "f", "--commit"),
        ("--then", "x", "--prepare", "f", "--pull-request"), ("--prepared", "f"),
        ("--then", "x", "--prepared", "f", "--pull-request"), ("--then", "x", "--prepare", "f", "--abort"),
    ],
)  # fmt: skip
def test_preparing_and_proposing_are_two_commands(words: tuple[str, ...], world: World) -> None:
    assert world.atomci("update", *words).code == 2


@pytest.mark.parametrize("words", [("--then", "'"), ("--then", " ")])
def test_a_command_that_is_none_is_wrong_usage(words: tuple[str, ...], world: World) -> None:
    assert world.propose(*words).code == 2
    assert world.atomci("update", "--then", "uv lock").code == 2


# --- Several ------------------------------------------------------------------------------------


def test_an_answer_can_be_changed_by_pull_request(world: World) -> None:
    done = world.propose("-d", "licence=Apache-2.0")

    assert done.code == 0, done.err
    assert world.pull["title"] == "Change answers to the template: licence"
    assert "- `licence`: `MIT` to `Apache-2.0`" in world.pull["body"]
    assert world.bare.git("show", f"{BRANCH}:LICENSE").startswith("Apache-2.0")


def test_projects_in_one_repository_have_a_branch_each(world: World, tmp_path: Path) -> None:
    import copier

    folder = world.project.root / "services" / "api"
    copier.run_copy(str(world.template.root), folder, defaults=True, quiet=True, vcs_ref="v1.0.0")
    world.push_own()
    world.release("v2.0.0", ci_yml=lines("ci", 25))

    assert world.propose().code == 0
    before = untouchable(world.project)
    done = world.atomci("update", "--pull-request", root=folder)

    assert done.code == 0, done.err
    assert untouchable(world.project) == before
    assert [pull["head"]["ref"] for pull in world.pulls] == [BRANCH, f"{BRANCH}-services-api"]
    world.project.git("merge", "--quiet", f"origin/{BRANCH}-services-api")
    done = world.atomci("update", "--pull-request", root=folder)
    assert (done.json["state"], done.json["branch"]) == ("up-to-date", f"{BRANCH}-services-api")
    changed = world.bare.git("diff", "--name-only", "main", f"{BRANCH}-services-api").splitlines()
    assert changed
    assert all(path.startswith("services/api/") for path in changed)
