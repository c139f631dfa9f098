"""Templates and repositories that mean harm, and how each ends.

`uv run tests/integration/update/hostile_cases.py` writes docs/hostile.md of them.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sync_world import Folder, Link, Script

RENDERED = "template/"
PAGE = Path(__file__).parents[3] / "docs" / "hostile.md"
HEAD = """\
# Hostile templates

<!-- Written by tests/integration/update/hostile_cases.py; a test compares. -->

{count} templates, recorded addresses and projects that try to do harm, and what the command does that meets them. A test
makes each of them and types the command. In none of them did code of the template run, or was a file outside of the project
read or written. If the exit code isn't 0, the project is as it was. `SECURITY.md` of the repository says what may run, and
who allows it. `pytest --hostile` prints what each command said.

| what it tries | command | exit code | what atomci says |
|---|---|---|---|
"""


@dataclass(frozen=True)
class World:
    """A template with v1.0.0, a project of it, and a user's home. Code that runs makes the file `ran`."""

    template: Folder
    project: Folder
    home: Path

    @property
    def ran(self) -> Path:
        """What is there once something ran."""
        return self.home / "ran"

    @property
    def code(self) -> str:
        """A line of shell that tells."""
        return f"touch '{self.ran}'"

    def program(self, *more: str) -> str:
        """The same as a program's path."""
        path = self.home / "program"
        path.write_text("\n".join(("#!/bin/sh", self.code, *more, "")), encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    def settings(self, **changed: str) -> None:
        """A configuration of the template's own repository."""
        for name, value in changed.items():
            self.template.git("config", name.replace("__", "."), value)

    def v2(self, files: dict[str, object] | None = None, more: str = "") -> None:
        """The next release; `more` is added to copier.yml."""
        if more:
            files = {**(files or {}), "copier.yml": self.template.read("copier.yml") + more}
        self.template.commit(files, "v2.0.0")  # type: ignore[arg-type]

    def no_lock(self) -> None:
        """So that the recorded version is rendered."""
        shutil.rmtree(self.project.root / ".atomci", ignore_errors=True)

    def recorded_at(self, location: str) -> None:
        """The project names another template."""
        text = self.project.read(".copier-answers.yml")
        rows = (f"_src_path: {location}" if row.startswith("_src_path") else row for row in text.splitlines())
        self.project.commit({".copier-answers.yml": "\n".join(rows) + "\n"})


@dataclass(frozen=True)
class Case:
    """What is tried, by which command ({t}, {p}, {e}, {d}: template, project, another repository, a new folder), and how that ends.

    `says` is part of what is printed then.
    """

    tries: str
    words: str
    code: int
    says: str
    make: Callable[[World], object]
    env: tuple[tuple[str, str], ...] = ()


NEW = "new {d} --template {t} --defaults"
NEW_DIRTY = f"{NEW} --ref HEAD"
UPDATE = "update --project {p}"
PLAN = "update --plan --project {p}"
STATUS = "status --project {p}"
DIFF = "diff --project {p}"
ADOPT = "adopt --template {t} --project {e}"
EXPORT = "export cookiecutter {d} --template {t}"


def _hook(name: str) -> Callable[[World], object]:
    def make(world: World) -> None:
        world.template.write({f".git/hooks/{name}": Script(f"#!/bin/sh\n{world.code}\n")})
        world.no_lock()

    return make


def _filter(kind: str) -> Callable[[World], object]:
    def make(world: World) -> None:
        world.template.commit({".gitattributes": "* filter=evil\n"})
        world.template.git("tag", "--force", "v1.0.0")
        world.settings(**{f"filter__evil__{kind}": f"{world.code}; cat"})
        world.template.write({"template/guide.txt": "uncommitted\n"})
        world.no_lock()

    return make


def _promisor(world: World) -> None:
    blob = world.template.git("rev-parse", "v1.0.0:template/guide.txt")
    (world.template.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    world.settings(
        core__repositoryFormatVersion="1", extensions__partialClone="evil", remote__evil__promisor="true",
        remote__evil__url=str(world.template.root), remote__evil__uploadpack=world.program("exit 1"),
    )  # fmt: skip
    world.no_lock()


def _inside(how: str) -> Callable[[World], object]:
    def make(world: World) -> None:
        bare = world.project.root / "evil.git"
        world.template.git("clone", "--quiet", "--bare", str(world.template.root), str(bare))
        world.recorded_at(how.format(bare))
        Folder(bare).git("config", "uploadpack.packObjectsHook", world.program('exec "$@"'))
        world.no_lock()

    return make


def _bare_below(world: World) -> None:
    below = world.project.root / "below"
    world.template.git("clone", "--quiet", "--bare", str(world.template.root), str(below))
    with (below / "config").open("a", encoding="utf-8") as config:
        config.write(f"[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = {world.program()}\n")
    for name in (".copier-answers.yml", "guide.txt"):
        shutil.copy(world.project.root / name, below / name)


def _submodule(world: World) -> None:
    text = f'[submodule "x"]\n\tpath = x\n\turl = .\n\tupdate = !{world.code}\n'
    world.v2({".gitmodules": text})


def _replaced(world: World) -> None:
    old = world.template.git("rev-parse", "v1.0.0^{commit}")
    world.template.commit({"template/guide.txt": "another\n"})
    new = world.template.git("rev-parse", "HEAD")
    world.template.git("update-ref", f"refs/replace/{old}", new)
    world.no_lock()


def _named(path: str, text: str = "x\n") -> Callable[[World], object]:
    """A file whose rendered path is this one."""
    quoted = path.replace("/", "{{ '/' }}") if "/" in path else path
    parts = [f"{{{{ {part!r} }}}}" for part in path.split("/")] if "/" in path else [f"{{{{ {quoted!r} }}}}"]
    return lambda world: world.v2({RENDERED + "/".join(parts): text})


def _raw(path: str) -> Callable[[World], object]:
    """A file whose name is an expression that gives a path."""
    return lambda world: world.v2({f"template/{{{{ {path} }}}}": "x\n"})


def _text(text: str) -> Callable[[World], object]:
    return lambda world: world.v2({"template/evil.txt.jinja": text})


def _asked(more: str) -> Callable[[World], object]:
    return lambda world: world.v2(more=more)


def _migration(what: str, reason: str = "tidy") -> Callable[[World], object]:
    row = f'[[migration]]\nid = "m"\nversion = "2.0.0"\nreason = {json.dumps(reason)}\n{what}\n'
    return lambda world: world.v2({"hooks/migrations.toml": row})


def _link_out(world: World) -> None:
    (world.home / "secret").write_text("TOP-SECRET\n", encoding="utf-8")
    world.v2({"template/stolen.txt": Link(str(world.home / "secret"))})


def _secret_table(world: World) -> None:
    (world.home / "secret").write_text("TOP-SECRET\n", encoding="utf-8")
    world.v2({"ownership.toml": Link(str(world.home / "secret"))})


def _subdirectory(world: World) -> None:
    (world.home / "secret").write_text("TOP-SECRET\n", encoding="utf-8")
    text = world.template.read("copier.yml").replace("_subdirectory: template", "_subdirectory: link")
    world.v2({"copier.yml": text, "link": Link(str(world.home))})


def _folder_of_the_user(folder: str) -> Callable[[World], object]:
    """A folder of the project is a link to one of the user's."""

    def make(world: World) -> None:
        (world.home / "outside").mkdir()
        shutil.rmtree(world.project.root / folder, ignore_errors=True)
        world.project.commit({folder: Link(str(world.home / "outside"))})
        world.v2({"template/guide.txt": "new\n"})

    return make


def _many_trees(world: World) -> None:
    """Seven small trees that stand for ten million files."""
    git = world.template.git
    entry = f"100644 blob {git('rev-parse', 'v1.0.0:copier.yml')}"
    for _ in range(7):
        tree = git("mktree", stdin="".join(f"{entry}\t{name}\n" for name in range(10)))
        entry = f"040000 tree {tree}"
    root = git("mktree", stdin=f"{git('ls-tree', 'v1.0.0')}\n{entry}\tmany\n")
    git("tag", "v2.0.0", git("commit-tree", root, "-m", "many"))


def _repeated() -> str:
    """A text in YAML that is short only because of its aliases."""
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    return "y:\n  type: yaml\n  default: |\n" + "".join(f"    {row}\n" for row in rows)


def _answered(more: str) -> Callable[[World], object]:
    return lambda world: world.project.commit(
        {".copier-answers.yml": world.project.read(".copier-answers.yml") + more}
    )


def _owned(paths: str) -> Callable[[World], object]:
    table = f"version = 1\n[[rule]]\ntier = 'managed'\npaths = {paths}\n"
    return lambda world: world.v2({"ownership.toml": table, f"template/{'a' * 200}": "x\n"})


def _skipped(world: World) -> None:
    text = world.template.read("copier.yml").replace("/src/**", f"'{STARS}'")
    world.v2({"copier.yml": text, "ownership.toml": None, f"template/{'a' * 200}": "x\n"})


def _write_through(world: World) -> None:
    (world.home / "outside").mkdir()
    world.v2(
        {"template/a": Link(str(world.home / "outside")), "template/{{ 'a' }}/ran": "x\n"},
        "_preserve_symlinks: true\n",
    )


def _locked_outside(world: World) -> None:
    lock = {"schema": "atomci/lock/1", "version": "v1.0.0", "answers": "0" * 40,
            "files": {"../../secret": {"tier": "managed", "blob": "1" * 40, "mode": "100644"}}}  # fmt: skip
    world.project.write({".atomci/lock.json": json.dumps(lock)})


def _backend(world: World) -> None:
    pyproject = '[project]\nname = "x"\ndynamic = ["version"]\n[build-system]\nrequires = []\n'
    backend = f"import pathlib\npathlib.Path({str(world.ran)!r}).touch()\n"
    world.v2(
        {
            "template/pyproject.toml": f'{pyproject}build-backend = "evil"\nbackend-path = ["."]\n',
            "template/evil.py": backend,
        }
    )


def _said_by_itself(world: World) -> None:
    _backend(world)
    world.template.commit({".config/atomci/trusted.txt": f"{world.template.root}\n"})


def _copier_trusts(world: World) -> None:
    settings = world.home / ".config/copier/settings.yml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"trust: ['{world.template.root}']\n", encoding="utf-8")
    world.v2(more=f'_tasks: ["{world.code}"]\n')


def _extension(world: World) -> None:
    world.v2(
        {"evil.py": f"import pathlib\npathlib.Path({str(world.ran)!r}).touch()\n"},
        "_jinja_extensions: [evil.Evil]\n",
    )


def _tasks(world: World) -> None:
    world.v2(more=f'_tasks: ["{world.code}"]\n')


def _migrations(world: World) -> None:
    world.v2(more=f'_migrations: ["{world.code}"]\n')


SECONDS = (("ATOMCI_RENDER_SECONDS", "0.3"),)
MEMORY = (("ATOMCI_RENDER_MEMORY_MIB", "64"),)
SIZE = (("ATOMCI_RENDER_SIZE_MIB", "1"),)
TOO_LONG, TOO_MUCH = "took more than 0.3 seconds of processor time", "took more than 64 MiB of memory"
STARS, DEEP = "*a" * 14 + "*b", "[" * 30_000
DOT_GIT = "git keeps its own things under that name"
NAMED_MACHINE = "reads what is on this machine"

CASES = (
    Case("`_tasks`", NEW, 4, "wants to run code of its own (_tasks)", _tasks),
    Case("`_tasks`, which copier's own settings trust", NEW, 4, "wants to run code of its own (_tasks)", _copier_trusts),
    Case("`_tasks` in the next version", UPDATE, 4, "wants to run code of its own (_tasks)", _tasks),
    Case("`_migrations`", PLAN, 4, "wants to run code of its own (_migrations)", _migrations),
    Case("`_jinja_extensions`", NEW, 4, "wants to run code of its own (_jinja_extensions)", _extension),
    Case("`_jinja_extensions` in the next version", PLAN, 4, "wants to run code of its own", _extension),
    Case("`_tasks`, adopted", ADOPT, 4, "wants to run code of its own (_tasks)", _tasks),
    Case("`_tasks`, exported", EXPORT, 4, "wants to run code of its own (_tasks)", _tasks),
    Case("a build backend of its own, installed", NEW, 0, "nothing of it was run", _backend),
    Case("the same, and says itself that it is trusted", NEW, 0, "nothing of it was run", _said_by_itself),
    Case("`filter.smudge` in a folder's configuration", STATUS, 0, "0 drifted", _filter("smudge")),
    Case("`filter.clean` over uncommitted files", NEW_DIRTY, 0, "nothing of it was run", _filter("clean")),
    Case("`filter.process`", DIFF, 0, "", _filter("process")),
    Case("`core.fsmonitor` over uncommitted files", NEW_DIRTY, 0, "nothing of it was run",
         lambda world: (world.settings(core__fsmonitor=world.program()), world.template.write({"x": "x"}))),
    Case("`core.hooksPath`", ADOPT + " --plan", 0, "planned, nothing changed",
         lambda world: (_hook("post-checkout")(world),
                        world.settings(core__hooksPath=str(world.template.root / ".git/hooks")))),
    Case("a hook `post-index-change`", PLAN, 0, "up to date", _hook("post-index-change")),
    Case("a hook `post-index-change`, exported", EXPORT, 0, "wrote", _hook("post-index-change")),
    Case("a hook `reference-transaction`", STATUS, 0, "0 drifted", _hook("reference-transaction")),
    Case("a promisor's `uploadpack` for a missing object", STATUS, 3, "git ", _promisor),
    Case("`core.sshCommand` for the same", DIFF, 3, "git ",
         lambda world: (_promisor(world), world.settings(remote__evil__url="ssh://h/x"),
                        world.settings(core__sshCommand=world.program()))),
    Case("`core.alternateRefsCommand` and `core.gitProxy`", STATUS, 0, "0 drifted",
         lambda world: (world.settings(core__alternateRefsCommand=world.program(),
                                       core__gitProxy=world.program()), world.no_lock())),
    Case("`alias`es of git's own commands", STATUS, 0, "0 drifted",
         lambda world: (world.settings(**{"alias__rev-parse": f"!{world.code}",
                                          "alias__for-each-ref": f"!{world.code}"}), world.no_lock())),
    Case("`uploadpack.packObjectsHook` behind file://", "new {d} --template file://{t} --defaults", 0,
         "nothing of it was run",
         lambda world: world.settings(uploadpack__packObjectsHook=world.program("exec \"$@\""))),
    Case("a bare repository in the project as its template", STATUS, 4, "a folder of this very repository",
         _inside("{}")),
    Case("the same behind file://", UPDATE, 4, "a folder of this very repository", _inside("file://{}")),
    Case("the same behind git+file://", DIFF, 4, "a folder of this very repository",
         _inside("git+file://{}")),
    Case("a folder that looks like a repository, entered", "diff guide.txt --project {p}/below", 2, "isn't in a git repository",
         _bare_below),
    Case("`ext::` as an address", STATUS, 3, "transport 'ext' not allowed",
         lambda world: world.recorded_at(f"ext::{world.program()}://x")),
    Case("`git+ext::` as an address", UPDATE, 3, "not allowed",
         lambda world: world.recorded_at(f"git+ext::{world.program()}")),
    Case("an option of ssh as a host", STATUS, 3, "can't be fetched",
         lambda world: world.recorded_at(f"ssh://-oProxyCommand={world.program()}/x.git")),
    Case("an option of git as an address", STATUS, 2, "depends on where copier was started",
         lambda world: world.recorded_at(f"--upload-pack={world.program()}")),
    Case("a version that is an option", "update --project {p} --to --output=ran", 2, "has no version",
         lambda world: None),
    Case("a submodule that updates by a command", UPDATE, 4, "holds git submodules", _submodule),
    Case("another commit in place of a released one", STATUS, 0, "0 drifted", _replaced),
    Case("a rendered `.git/config`", PLAN, 4, DOT_GIT, _named(".git/config")),
    Case("`.GIT/config`", NEW, 4, DOT_GIT, _named(".GIT/config")),
    Case("`.git` in a folder, as a file", ADOPT, 4, DOT_GIT, _named("sub/.git", "gitdir: ../x\n")),
    Case("`git~1`, as NTFS calls it", PLAN, 4, DOT_GIT, _named("git~1/config")),
    Case("`.git.` and a space, which NTFS drops", PLAN, 4, DOT_GIT, _named(".git. /config")),
    Case("`.git::$INDEX_ALLOCATION`", PLAN, 4, DOT_GIT, _named(".git::$INDEX_ALLOCATION/config")),
    Case("a backslash before `.git`", PLAN, 4, DOT_GIT, _raw("'a\\\\\\\\.git'")),
    Case("`.g\\u200cit`, which HFS+ reads as `.git`", NEW, 4, DOT_GIT, _raw("'.g\\u200cit'")),
    Case("a path with `..`", NEW, 2, "is forbidden", _raw("pathjoin('a', '..', '..', 'evil.txt')")),
    Case("an absolute path", PLAN, 2, "is forbidden", _raw("_copier_conf.sep ~ 'evil.txt'")),
    Case("a link to a file of the user", NEW, 2, "stolen.txt", _link_out),
    Case("a link to a folder, and a file through it", NEW, 2, "", _write_through),
    Case("a link to a file of the user, exported", EXPORT, 4, "leads out of the template", _link_out),
    Case("`_subdirectory` that is a link to the user's home, exported", EXPORT, 4, "leads out of the template",
         _subdirectory),
    Case("`ownership.toml` that is a link to a file of the user", PLAN, 4, "leads out of the template",
         _secret_table),
    Case("a project's `.atomci` that is a link to a folder of the user", STATUS, 1, "0 drifted",
         _folder_of_the_user(".atomci")),
    Case("the same, written by an update", UPDATE, 4, ".atomci is a link", _folder_of_the_user(".atomci")),
    Case("a folder that is such a link, restored", "restore src/start.py --project {p}", 4, "src is a link",
         _folder_of_the_user("src")),
    Case("`include` of a file outside", NEW, 2, "", _text("{% include '../../../home/secret' %}")),
    Case("`_external_data` outside the project", NEW, 2, "",
         lambda world: world.v2({"template/evil.txt.jinja": "{{ _external_data.x }}"},
                                "_external_data: {x: ../secret.yml}\n")),
    Case("writing through `_copier_conf`", NEW, 2, "",
         _text("{{ _copier_conf.dst_path.write_text('x') }}")),
    Case("the way out of Jinja's sandbox", NEW, 2, "",
         _text("{{ ''.__class__.__mro__[1].__subclasses__()[0].__init__.__globals__ }}")),
    Case("the filter `fileglob`", NEW, 4, NAMED_MACHINE, _text("{{ '/etc/*' | fileglob }}")),
    Case("the filter `expandvars`", PLAN, 4, NAMED_MACHINE, _text("{{ '$HOME' | expandvars }}")),
    Case("the filter `expanduser`", PLAN, 4, NAMED_MACHINE, _text("{{ '~' | expanduser }}")),
    Case("the filter `realpath`, in a question", ADOPT, 4, NAMED_MACHINE,
         _asked("y:\n  default: \"{{ '/proc/self' | realpath }}\"\n")),
    Case("the filter `realpath`, in a validator", PLAN, 4, NAMED_MACHINE,
         _asked("y:\n  default: z\n  validator: \"{{ '/proc/self' | realpath }}\"\n")),
    Case("loops without end", NEW, 3, TOO_LONG,
         _text("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"), SECONDS),
    Case("a regular expression without end", PLAN, 3, TOO_LONG,
         _text("{{ ('a' * 40 + 'b') | regex_search('(a|a)*c') }}"), SECONDS),
    Case("the same in a validator", PLAN, 3, TOO_LONG,
         _asked("y:\n  default: z\n  validator: \"{{ ('a' * 40 + 'b') | regex_search('(a|a)*c') }}\"\n"),
         SECONDS),
    Case("a power without end", NEW, 3, TOO_LONG, _text("{{ (9 ** (9 ** 9)) % 7 }}"), SECONDS),
    Case("more memory than there is", PLAN, 3, TOO_MUCH, _text("{{ 'x' * 10 ** 11 }}"), MEMORY),
    Case("the same in a validator, for which saying nothing is saying yes", PLAN, 3, TOO_MUCH,
         _asked("y:\n  default: z\n  validator: \"{{ 'x' * 10 ** 11 }}\"\n"), MEMORY),
    Case("memory little by little", NEW, 3, TOO_MUCH,
         _text("{% set n = namespace(l='x') %}{% for a in range(99) %}{% set n.l = n.l + n.l %}{% endfor %}"),
         MEMORY),
    Case("files without end", NEW, 3, "wrote more than 1 MiB of files",
         _raw("'a' }}{% yield n from range(99999) %}{{ n }}{% endyield %}{{ ''"), SIZE),
    Case("ten million files in seven trees", NEW, 3, "wrote more than 1 MiB of files", _many_trees, SIZE),
    Case("a pattern without end in `ownership.toml`", PLAN, 3, TOO_LONG, _owned(f"['{STARS}']"), SECONDS),
    Case("the same in `_skip_if_exists`", PLAN, 3, TOO_LONG, _skipped, SECONDS),
    Case("the same in `_exclude`, exported", EXPORT, 3, TOO_LONG,
         lambda world: world.v2({f"template/{'a' * 200}": "x\n"}, f"_exclude: ['{STARS}']\n"), SECONDS),
    Case("an answer whose aliases stand for gigabytes", PLAN, 2, "repeat each other without end",
         _asked(_repeated())),
    Case("choices that hold themselves, exported", EXPORT, 2, "can't be rendered",
         _asked("y:\n  choices: &a [*a]\n")),
    Case("brackets without end in an answers file", STATUS, 2, "not readable as YAML",
         _answered(f"y: {DEEP}\n")),
    Case("the same in `ownership.toml`", PLAN, 2, "ownership.toml is malformed", _owned(DEEP)),
    Case("the same in `migrations.toml`", PLAN, 2, "migrations.toml is malformed",
         lambda world: world.v2({"hooks/migrations.toml": f"a = {DEEP}"})),
    Case("the same in a lock", STATUS + " --offline", 3, "lock.json can't be read",
         lambda world: world.project.write({".atomci/lock.json": '{"x":' * 30_000})),
    Case("a line of the report that isn't atomci's", PLAN, 0, r"evil\nstaged; look fine",
         _named("evil\nstaged; look fine")),
    Case("a name that moves the cursor", PLAN, 0, r"evil\x1b[1A\x1b[2K", _named("evil\x1b[1A\x1b[2K")),
    Case("a name that is written backwards", PLAN, 0, r"evil\u202etxt", _named("evil\u202etxt")),
    Case("an answer that clears the screen", PLAN, 0, r"\x1b[2J", _asked('y:\n  default: "\\e[2J"\n')),
    Case("a migration's reason with a line of its own", PLAN, 0, r"tidy\nplanned, nothing changed",
         _migration('rename = { from = "guide.txt", to = "g.txt" }', "tidy\nplanned, nothing changed")),
    Case("a migration to a path outside", PLAN, 2, "it leads elsewhere",
         _migration('rename = { from = "guide.txt", to = "../../x" }')),
    Case("a migration of an absolute path", PLAN, 2, "it isn't relative",
         _migration('delete_unmodified = "/etc/passwd"')),
    Case("a migration within .git", PLAN, 2, DOT_GIT,
         _migration('move_key = { file = ".git/config", from = "a", to = "b" }')),
    Case("a lock that names files outside", STATUS + " --offline", 3, "lock.json can't be read",
         _locked_outside),
)  # fmt: skip


def page() -> str:
    """The page of the docs."""
    rows = (
        f"| {case.tries} | {case.words.split()[0]} | {case.code} | {_cell(case.says)} |\n" for case in CASES
    )
    return HEAD.format(count=len(CASES)) + "".join(rows)


def _cell(text: str) -> str:
    return f"`{text.strip()}`" if text.strip() else "nothing about it"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
