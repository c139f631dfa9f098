"""Which variables hold secrets, by their names, and which of their values are secret."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from urllib.parse import unquote

__all__ = ["SHORTEST", "dotenv", "is_secret_name", "looks_random", "public_values", "secrets_in"]

SHORTEST = 8
"""Characters of a value that is looked for: shorter ones occur by chance."""

# What stands behind the word: which one of several it is, or how it is written.
_WHICH = (
    r"(?:_?(?:\d+|OLD|NEW|PREVIOUS|CURRENT|PRIMARY|SECONDARY|PROD|DEV|TEST|STAGING"
    r"|BASE|BASE64|B64|HEX|JSON))*"
)
_SECRET_NAME = re.compile(
    # Whole words only where others end like them: MONKEY, COMPASS, PWD. Keys that open nothing are none.
    r"(?!(?:.*_)?(?:PUBLIC|PRIMARY|FOREIGN|SORT|PARTITION|CACHE)_?KEYS?$)"
    r"(?:(?:.*_)?(?:KEY|PASS|AUTH|COOKIE|PAT|KEYS|DSN|SALT|PEM|SAS|CREDS?|BEARER|MNEMONIC|WEBHOOK(?:_?URL)?)"
    r"|.*_(?:PWD?|PSW)"
    r"|.*(?:API|ACCESS|PRIVATE|SECRET|SIGNING|ENCRYPTION|MASTER|ACCOUNT|DEPLOY|AUTH|WRITE)KEY"
    r"|(?:TF_TOKEN|POETRY_PYPI_TOKEN)_.*|.*(?:SERVICE_ACCOUNT_JSON|SEED_PHRASE|_SEED|KUBE_?CONFIG_(?:DATA|B64|BASE64))"
    r"|(?:.*_)?(?:DB|PG|SMTP|MAIL|ROOT|ADMIN|USER|REDIS)(?:PASS|PWD?)"
    r"|.*(?:TOKENS?|SECRETS?|PASSWORDS?|PASSWD|PASSPHRASE|PASSCODE|CREDENTIALS?|JWT|CONN(?:ECTION)?_?STR(?:ING)?))"
    + _WHICH,
    re.IGNORECASE,
)
# Without a secret's name, these aren't secret.
_ORDINARY = re.compile(
    r"[A-Za-z]+|[\d.:,_-]+|(?:[A-Za-z][\w-]*(?:\.[\w-]+)+|localhost|\[[\da-f:]+\])(?::\d+)?|[\w-]+:\d+"
    r"|[a-z][a-z0-9+.-]*://[^@\s]*|(?:~|\.{1,2}|[A-Za-z]:)?[/\\].*"
)
# With one, these aren't either: what settings are called, hosts, branches, dates and addresses of machines.
_NO_SECRET = re.compile(
    r"production|development|pre-?production|integration|acceptance|continuous|localhost|anonymous"
    r"|administrator|disabled|enabled|required|optional|undefined|automatic|internal|external|database|username"
    r"|unlimited|read-?only|read-?write|changeme|password|postgres|postgresql"
    r"|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|edu|gov|io|dev|app|cloud|local|internal|lan|test|example)(?::\d+)?"
    r"|(?:feature|bugfix|hotfix|release|fix|chore|refs/heads|origin|dependabot|renovate)/[a-z0-9./_-]+"
    r"|\d{4}-\d\d-\d\d|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|(?P<mask>.)(?P=mask)*",
    re.IGNORECASE,
)
# What the system and CI say of the machine, its user, the repository and the branch.
_PUBLIC = (
    "USER", "LOGNAME", "USERNAME", "HOME", "USERPROFILE", "HOSTNAME", "COMPUTERNAME", "SHELL", "LANG", "TERM",
    "GITHUB_REF", "GITHUB_REF_NAME", "GITHUB_HEAD_REF", "GITHUB_BASE_REF", "GITHUB_REPOSITORY",
    "GITHUB_REPOSITORY_OWNER", "GITHUB_ACTOR", "GITHUB_SHA", "GITHUB_WORKFLOW", "GITHUB_JOB", "RUNNER_NAME",
    "CI_COMMIT_REF_NAME", "CI_COMMIT_SHA", "CI_PROJECT_NAME", "CI_PROJECT_PATH",
)  # fmt: skip
# Passwords may hold what should be escaped there; a port with a path is none.
_URL_WITH_USER = re.compile(r"[a-z][a-z0-9+.-]*://([^\s/@:]*)(?::((?!\d{1,5}/)\S*))?@", re.IGNORECASE)
# A user's name alone, of which most aren't secret.
_LIKE_A_TOKEN = re.compile(r"(?=.*\d)\S{16,}")
_NAMED_PART = re.compile(
    r"(?:password|passwd|pwd|secret|token|accountkey|sharedaccesskey|accesskey|api_?key|sig)\s*=\s*([^;&\s\"']+)",
    re.IGNORECASE,
)
_HEAD_OF_A_KEY = re.compile(r"-----(?:BEGIN|END) [A-Z0-9 ]+-----")
_PLACEHOLDER = re.compile(
    r"(?i)change|example|placeholder|your|insert|replace|dummy|secret|xxx|\.\.\.|[<{$*]"
)
_ASSIGNMENT = re.compile(
    r"^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*"
    r"(?:\"(?P<double>(?:[^\"\\\n]|\\.)*+)\"[^\n]*|'(?P<single>[^'\n]*+)'[^\n]*"
    r"|\"(?P<doubles>(?:[^\"\\]|\\.)*+)\"[ \t]*(?:#[^\n]*)?$|'(?P<singles>[^']*+)'[ \t]*(?:#[^\n]*)?$"
    r"|(?P<bare>[^\n]*))",
    re.MULTILINE,
)


def is_secret_name(name: str) -> bool:
    """Whether a variable's name says that its value is a secret: it ends in TOKEN, PASSWORD, KEY or so."""
    return _SECRET_NAME.fullmatch(name) is not None


def looks_random(name: str, value: str) -> bool:
    """Whether the value of a variable with a secret's name looks made by a machine, not put there to be
    replaced.
    """
    if not is_secret_name(name) or len(value) < 12 or _PLACEHOLDER.search(value):
        return False
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return entropy > 3 and bool(re.search(r"\d", value)) and " " not in value


def dotenv(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, name and value of each variable in a file of `NAME=value` lines, without quotes and `export`.

    A value in quotes may go over several lines; the line is that of the name.
    """
    line, last = 1, 0
    for match in _ASSIGNMENT.finditer("\n".join(text.splitlines())):
        line += match.string.count("\n", last, match.start())
        last = match.start()
        bare = match["bare"]
        kind = str(match.lastgroup)
        value = match[kind] if bare is None else re.sub(r"\s+#.*$", "", bare.strip())
        yield line, match["name"], value


def public_values(environment: Mapping[str, str]) -> set[str]:
    """What nobody hides, whatever else has the same value."""
    return {environment[name] for name in _PUBLIC if name in environment}


def secrets_in(name: str, value: str, public: Collection[str], *, unnamed: bool) -> Iterator[str]:
    """What is secret in a variable's value: all of it and each of its lines, and passwords in addresses.

    `unnamed` says whether the value counts without a secret's name too, where it isn't ordinary.
    """
    named = is_secret_name(name)
    whole = named or (unnamed and _ORDINARY.fullmatch(value) is None)
    for part in {value, *value.splitlines()} if whole else ():
        if value not in public and _is_secret(part.strip(), public):
            yield part.strip()
    for part in _parts(value, named=named):
        if _is_secret(part, public):
            yield part
    for inner_name, inner in _inside(name, value) if named else ():  # with a digit it is no word
        yield from secrets_in(inner_name, inner, public, unnamed=re.search(r"\d", inner) is not None)


def _is_secret(value: str, public: Collection[str]) -> bool:
    if len(value) < SHORTEST or value in public:
        return False
    return not (_NO_SECRET.fullmatch(value) or _HEAD_OF_A_KEY.fullmatch(value))


def _inside(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Name and text of what a value is made of, where it is JSON or lines as in .env."""
    if value.lstrip().startswith(("{", "[")):
        with suppress(ValueError, RecursionError):
            yield from _leaves(name, json.loads(value))
    elif "\n" in value:
        yield from ((inner_name, inner) for _, inner_name, inner in dotenv(value))


def _leaves(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(str(key), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(name, inner)


def _parts(value: str, *, named: bool) -> Iterator[str]:
    """Passwords in a URL or a connection string, as they stand and without percent escapes."""
    for match in _URL_WITH_USER.finditer(value):
        user, password = match[1], match[2]
        alone = password in (None, "", "x-oauth-basic")
        secret = user if alone else password
        counts = password is not None or named or _LIKE_A_TOKEN.fullmatch(user) is not None
        if counts and (alone or password != user):
            yield from {secret, unquote(secret)}
    if named or "://" in value:
        for match in _NAMED_PART.finditer(value):
            yield from {match[1], unquote(match[1])}
