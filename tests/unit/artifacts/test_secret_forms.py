"""A secret is found however it is written and wherever a text is cut; ordinary words stay; long texts cost
no more than their length.
"""

import base64
import html
import json
import os
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atomci.artifacts import redaction
from atomci.artifacts.redaction import LogWriter, Redactor, redactor_for
from atomci.artifacts.secrets import tokens
from atomci.artifacts.secrets.names import dotenv, is_secret_name
from atomci.artifacts.secrets.tokens import Hit
from atomci.artifacts.secrets.writings import undone

EXAMPLES = int(os.environ.get("ATOMCI_EXAMPLES", "25"))
SECRET = 'pa"s <wörd>/1&2\\x'
TAKEN = "[redacted: the value of DB_PASSWORD]"
BEGIN = "-----BEGIN RSA PRIVATE " + "KEY-----\n"


def in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def as_go(text: str) -> str:
    return in_json(text).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def lower(text: str) -> str:
    return quote(text, safe="").replace("%3C", "%3c").replace("%3E", "%3e").replace("%C3%B6", "%c3%b6")


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def url_safe(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def coloured(text: str) -> str:
    return f"{text[:4]}\x1b[1;31m{text[4:]}"


WRITINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": in_json,
    "bytes": lambda text: repr(text.encode())[2:-1],
    "long escapes": lambda text: "".join(f"\\U{ord(sign):08x}" for sign in text),
    "a link of the terminal": lambda text: f"{text[:4]}\x1b]8;;http://a.org\x1b\\{text[4:6]}\x1b]8;;\x07{text[6:]}",
    "colours of tput": lambda text: f"{text[:4]}\x1b(B\x1b[m{text[4:]}",
    "double json": lambda text: in_json(in_json(text)),
    "json in json in json": lambda text: in_json(in_json(in_json(text))),
    "json of go": as_go,
    "json of go twice": lambda text: as_go(as_go(text)),
    "json of php": lambda text: in_json(text).replace("/", "\\/"),
    "percent": lambda text: quote(text, safe=""),
    "percent in lower case": lower,
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "form": quote_plus,
    "xml": html.escape,
    "xml by numbers": lambda text: text.replace("&", "&#38;").replace("<", "&#x3c;"),
    "percent of json": lambda text: quote(in_json(text), safe=""),
    "hex": lambda text: text.encode().hex(),
    "hex in capitals": lambda text: text.encode().hex().upper(),
    "base64": base64_of,
    "base64 without padding": lambda text: base64_of(text).rstrip("="),
    "base64 for urls": url_safe,
    "base64 in a url": lambda text: quote(base64_of(text), safe=""),
    "coloured": coloured,
    "coloured in json": lambda text: in_json(coloured(text)),
    "coloured in double json": lambda text: in_json(in_json(coloured(text))),
}


@pytest.mark.parametrize("writing", WRITINGS)
def test_a_secret_is_taken_out_however_it_is_written(writing: str) -> None:
    redactor = Redactor({SECRET: "the value of DB_PASSWORD"})
    assert redactor.clean(f"a {WRITINGS[writing](SECRET)} b") == f"a {TAKEN} b"


@pytest.mark.parametrize("value", ["00019" + "\\" * 3, "\\x41\\x42\\x43", "%41%42%43"])
def test_a_secret_of_escapes_is_taken_out_between_colours(value: str) -> None:
    redactor = Redactor({value: "the value of DB_PASSWORD"})
    assert redactor.clean(f"a {coloured(value)} b") == f"a {TAKEN} b"


@pytest.mark.parametrize("writing", ["coloured", "coloured in json", "coloured in double json"])
def test_a_colour_may_stand_within_an_escape(writing: str) -> None:
    value = "000\\b001"
    redactor = Redactor({value: "the value of DB_PASSWORD"})
    assert redactor.clean(f"a {WRITINGS[writing](value)} b") == f"a {TAKEN} b"


@pytest.mark.parametrize("encode", [base64_of, url_safe])
@pytest.mark.parametrize("user", ["", "u", "us", "usr", "user@example.org"])
def test_a_password_in_basic_credentials_is_taken_out(user: str, encode: Callable[[str], str]) -> None:
    text = encode(f"{user}:{SECRET}")
    cleaned = Redactor({SECRET: "the value of DB_PASSWORD"}).clean(text)
    assert cleaned.endswith(TAKEN)
    assert cleaned[:-1].startswith(text[: len(user) * 8 // 6])
    assert len(cleaned) - len(TAKEN) <= len(f"{user}:") * 8 // 6 + 1


def test_base64_that_is_broken_into_lines_is_taken_out() -> None:
    value = "".join(f"{n:x}Z" for n in range(100))
    for line in base64.encodebytes(value.encode()).decode().splitlines():
        assert Redactor({value: "the value of DB_PASSWORD"}).clean(line) == TAKEN


@pytest.mark.parametrize("written", ["\x1b[31m{}\x1b[0m", "a\x1b[1m{}", "a\\u001b[32m{}", "a \\x1b[1m{}"])
def test_a_token_beside_or_around_a_colour_is_known(written: str) -> None:
    token = "ghp_" + "a1B2" * 9
    assert "B2a1" not in Redactor({}).clean(written.format(token))
    assert "B2a1" not in Redactor({}).clean(f"a {coloured(token)}")


@pytest.mark.parametrize("value", ["abcdefgh\\", "nightingale", "u0041bcdefg", '"quoted-1"', "\\\\abcdefg"])
def test_json_stays_json_whatever_the_secret_begins_and_ends_with(value: str) -> None:
    redactor = Redactor({value: "the value of DB_PASSWORD"})
    for text in (f'x{value}"', f"\n{value}\\", f"\n{value[1:]}", f"\\{value}\n"):
        cleaned = json.loads(redactor.clean(json.dumps({"a": text})))
        assert value not in cleaned["a"]


def is_more_than_escapes(value: str) -> bool:
    """Whether six characters are left where its escapes are undone: fewer may be a part of any word."""
    reading = undone(value)
    return len(value if reading is None else reading.text) >= 6


ALPHABET = "abcXYZ019 \"<>&/+=%ö\\'$@:-_"


@settings(max_examples=EXAMPLES, deadline=None, derandomize="ATOMCI_EXAMPLES" not in os.environ)
@given(
    value=st.text(ALPHABET, min_size=8, max_size=40)
    .filter(lambda text: text.strip() == text and len(set(text)) > 3)
    .filter(is_more_than_escapes),
    writing=st.sampled_from(sorted(WRITINGS)),
    around=st.tuples(st.text("ab \n{}:,", max_size=30), st.text("ab \n{}:,", max_size=30)),
    cuts=st.lists(st.integers(0, 200), max_size=8),
)  # fmt: skip
def test_no_secret_comes_through_in_any_writing_and_any_pieces(
    value: str, writing: str, around: tuple[str, str], cuts: list[int]
) -> None:
    form = WRITINGS[writing](value)
    text = f"{around[0]} {form} {around[1]}"
    parts: list[str] = []
    writer = LogWriter(parts.append, Redactor({value: "K"}))
    places = [0, *sorted(cuts), len(text)]
    for start, end in pairwise(places):
        writer.write(text[start:end])
    writer.close()
    assert form not in "".join(parts)
    assert "".join(parts).count("[redacted: K]") == 1


def test_a_secret_is_whole_wherever_an_endless_line_is_cut() -> None:
    redactor = Redactor({"two words-1": "K"})
    for before in (979_990, 980_000, 999_995, 1_000_000):
        for filler in ("x", " "):
            parts: list[str] = []
            writer = LogWriter(parts.append, redactor)
            line = filler * before + "two words-1" + filler * (1_000_100 - before)
            for at in range(0, len(line), 100_003):
                writer.write(line[at : at + 100_003])
            writer.close()
            assert "".join(parts) == line.replace("two words-1", "[redacted: K]")


@pytest.mark.parametrize("name", [
    "PGPASSWORD", "DBPASSWORD", "MYSQL_PW", "DB_PWD", "JWT", "APP_JWT", "BEARER", "CONNECTION_STRING",
    "AZURE_STORAGE_CONNECTION_STRING", "CONN_STR", "API_TOKEN_2", "DB_PASSWORD_OLD", "SECRET2", "GH_TOKEN_PROD",
    "dbPassword", "apiToken", "MYAPIKEY", "SIGNING_KEY_B64", "SMTPPASS", "DB_CREDS", "AUTH_SALT", "USER_PASSCODE",
])  # fmt: skip
def test_kin_of_the_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["BYPASS", "TURKEY", "HOTKEY", "TOKENIZERS", "PASSWORD_FILE", "TOKEN_URL", "PATH",
    "KEYS_PATH", "SECRETARY", "TOKEN_COUNT", "CPU_2", "OLD", "PWD_2"])  # fmt: skip
def test_names_that_only_look_like_them(name: str) -> None:
    assert not is_secret_name(name)


def known(root: Path, **environment: str) -> set[str]:
    return set(redactor_for(root, environment).known)


@pytest.mark.parametrize("value", [
    "production", "Development", "staging", "true", "main", "db-1.acme.internal", "api.acme.org:8443", "80", "5432",
    "feature/login-page", "refs/heads/main", "read-only", "********", "xxxxxxxxxxxx", "10.20.30.40", "2026-11-27",
])  # fmt: skip
def test_ordinary_words_are_no_secrets_whatever_the_name(value: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"STAGE_TOKEN={value}\n")
    assert known(tmp_path, STAGE_SECRET=value, DB_PASSWORD="correct-horse-1") == {"correct-horse-1"}


def test_what_ci_says_of_branch_and_machine_is_no_secret(tmp_path: Path) -> None:
    assert known(tmp_path, DEPLOY_KEY="wild-branch-7", GITHUB_HEAD_REF="wild-branch-7") == set()
    assert known(tmp_path, DEPLOY_KEY="wild-branch-7", OTHER="wild-branch-7") == {"wild-branch-7"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgres://app:q8Zt1vR5%2F@db/x"),
        ("BROKER", "amqp://app:q8Zt1vR5%2F@mq"),
        ("AZURE_CONNECTION_STRING", "Server=tcp:db;User=me;Password=q8Zt1vR5/;Encrypt=True"),
        ("FEED", "https://acme.org/feed?x=1&token=q8Zt1vR5%2F&y=2"),
    ],
)
def test_the_password_in_an_address_is_a_secret_alone(name: str, value: str, tmp_path: Path) -> None:
    assert "q8Zt1vR5/" in known(tmp_path, **{name: value})
    (tmp_path / ".env").write_text(f"{name}={value}\n")
    assert "q8Zt1vR5/" in known(tmp_path)


def test_a_quoted_value_of_the_env_file_goes_over_several_lines(tmp_path: Path) -> None:
    text = 'A=\'one two-1\nthree=four-1\'\nB="x-1\n\ny-2" # why\nC="open\nD="d \\" e"\nE=it\'s\n'
    assert list(dotenv(text)) == [
        (1, "A", "one two-1\nthree=four-1"), (3, "B", "x-1\n\ny-2"), (6, "C", '"open'), (7, "D", 'd \\" e'), (8, "E", "it's"),
    ]  # fmt: skip
    (tmp_path / ".env").write_text('A_KEY="first line\nsecond line"\n')
    assert known(tmp_path) >= {"first line", "second line"}


@pytest.mark.parametrize("address", [
    "https://acme.org/t.git?token=q8Zt1vR5x", "https://acme.org/?a=b&private_token=q8Zt1vR5x", "ssh://u:q8Zt1vR5x@acme.org/t",
    "https://acme.org/?sig=q8Zt1vR5x", "https%3A%2F%2Fu%3Aq8Zt1vR5x%40acme.org",
])  # fmt: skip
def test_what_an_address_holds_is_taken_out(address: str) -> None:
    assert "q8Zt" not in Redactor({}).clean(f"from {address} on")


@pytest.mark.parametrize("text", [
    "?token=${TOKEN}", "?token=<token>", "?token=short", "a & token=12345678", "C:\\temp\\new", "50%25 of &lt;all&gt;",
])  # fmt: skip
def test_ordinary_addresses_and_escapes_stay(text: str) -> None:
    assert Redactor({SECRET: "K"}).clean(text) == text


@pytest.mark.parametrize("value", [
    '{"type": "service_account", "private_key": "q8Zt1vR5-mK2x", "ids": [{"token": "x"}]}',
    '[{"a": {"api_token": "q8Zt1vR5-mK2x"}}]',
    '["q8Zt1vR5-mK2x", "fast"]',
    "MODE=fast\nAPI_TOKEN=q8Zt1vR5-mK2x\n",
    "https://u:q8Zt1vR5-mK2x@acme.org",
])  # fmt: skip
def test_a_secret_within_a_value_of_several_counts_alone(value: str, tmp_path: Path) -> None:
    found = known(tmp_path, BUILD_SECRETS=value)
    assert "q8Zt1vR5-mK2x" in found
    assert not found & {"service_account", "fast", "{"}


@pytest.mark.parametrize(
    "value", ["{" * 100_000, '{"a": 12345678901}', "[1, 2, null, true]", "{not json at all}"]
)
def test_a_value_that_only_looks_like_json_is_a_secret_as_it_stands(value: str, tmp_path: Path) -> None:
    assert known(tmp_path, A_SECRET=value + "!") == {value + "!"}


@pytest.mark.parametrize("value", ["https://q8Zt1vR5mK2xW7pL@pkg.acme.org/simple", "https://q8Zt1vR5mK2xW7pL:@pkg.acme.org/x",
    "https://q8Zt1vR5mK2xW7pL:x-oauth-basic@pkg.acme.org/x"])  # fmt: skip
def test_a_token_in_the_place_of_a_user_is_taken_out(value: str, tmp_path: Path) -> None:
    assert "q8Zt1vR5mK2xW7pL" in known(tmp_path, PIP_EXTRA_INDEX_URL=value)
    assert "q8Zt" not in Redactor({}).clean(f"Looking in indexes: {value} and so on")


@pytest.mark.parametrize(
    "text",
    [
        "https://alice-the-maintainer@acme.org/x",
        "https://alice2@acme.org/x",
        "https://acme.org/alice2/long-name-of-it@2",
    ],
)
def test_the_name_of_a_user_stays(text: str, tmp_path: Path) -> None:
    assert Redactor({}).clean(text) == text
    assert known(tmp_path, REMOTE=text) == set()


def test_a_password_with_signs_that_should_be_escaped_is_whole(tmp_path: Path) -> None:
    assert "pass/@word1" in known(tmp_path, INDEX="https://user:pass/@word1@pypi.acme.org/x")
    assert known(tmp_path, REMOTE="http://acme.org:8080/long/path@2") == set()


def test_a_value_is_found_when_a_shell_has_taken_its_escapes(tmp_path: Path) -> None:
    redactor = redactor_for(
        tmp_path, {"A_SECRET": 'with-\\"escaped\\"-quotes', "B_SECRET": "abc%25def%0Aghi"}
    )
    assert "escaped" not in redactor.clean('--from-literal=key=with-"escaped"-quotes')
    assert "def" not in redactor.clean("a abc%def\nghi b abc%25def%0Aghi")


# --- Work is counted -----------------------------------------------------------------------------


class Counted:
    """A pattern that counts the characters which it is given, or takes."""

    def __init__(self, pattern: re.Pattern[str], seen: list[int]) -> None:
        self._pattern, self._seen = pattern, seen
        self.groupindex = pattern.groupindex

    def search(self, text: str) -> re.Match[str] | None:
        self._seen[0] += len(text)
        return self._pattern.search(text)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        self._seen[0] += len(text)
        return self._pattern.fullmatch(text)

    def match(self, text: str, place: int) -> re.Match[str] | None:
        found = self._pattern.match(text, place)
        self._seen[0] += 1 if found is None else found.end() - place
        return found


def looked_at(monkeypatch: pytest.MonkeyPatch, pieces: list[str]) -> int:
    """Characters in which a writer looks for secrets and for keys, for text that comes in pieces."""
    seen = [0]
    hits = Redactor.hits

    def counted(self: Redactor, text: str) -> Iterator[Hit]:
        seen[0] += len(text)
        return hits(self, text)

    monkeypatch.setattr(Redactor, "hits", counted)
    for name, value in list(vars(redaction).items()):
        if isinstance(value, re.Pattern):
            monkeypatch.setattr(redaction, name, Counted(value, seen))
    writer = LogWriter(len, Redactor({}))
    for piece in pieces:
        writer.write(piece)
    writer.close()
    monkeypatch.undo()
    return seen[0]


@pytest.mark.parametrize("part", ["glpat-", "xoxb-", "pypi-AgE-", "eyJaaaaaaaaaaaa-"])
def test_what_was_taken_for_a_token_is_taken_once(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [0]
    monkeypatch.setattr(tokens, "_compiled", lambda written: Counted(re.compile(written), seen))
    text = part * 1_000 + ".eyJaaaaaaaaaaaa" * 2
    list(tokens.tokens_in(text))
    assert seen[0] <= 2 * len(text)


@pytest.mark.parametrize(
    "piece", ["A" * 63 + "\n", "word " * 13 + "\n", "x" * 64], ids=["key", "lines", "one line"]
)
def test_a_writer_looks_at_each_character_a_few_times(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for count in (2_000, 20_000):
        pieces = [BEGIN, *[piece] * count]
        assert looked_at(monkeypatch, pieces) <= 3.2 * len("".join(pieces))


def test_an_endless_private_key_never_comes_through() -> None:
    parts: list[str] = []
    writer = LogWriter(parts.append, Redactor({}))
    for piece in [BEGIN, *["Ab1+/" * 12 + "\n"] * 40_000, "end.\n"]:
        writer.write(piece)
    writer.close()
    assert "Ab1" not in "".join(parts)
    assert "".join(parts).endswith("]\nend.\n")


@pytest.mark.parametrize("part", ["eyJaaaaaaaaaaaa-", "glpat-", "xoxb-", "pypi-AgE-", "sk-", "://a:", "https://a1", "?token=", "uthorization: ",
    "\\", "%25", "&amp;", "&#1", "\x1b[0", "\\u001b", "-----BEGIN ", BEGIN, "aaaaaaaa", '"', "ab"])  # fmt: skip
def test_nothing_that_is_repeated_takes_longer_than_it_is_long(part: str) -> None:
    """That it ends in the time of a unit test, and tells the same."""
    redactor = Redactor({"a" * 10_000: "K", "ab" * 5_000 + "c": "K"})
    assert redactor.clean(part * (200_000 // len(part))) is not None


def test_what_looks_like_the_headers_of_a_key_is_read_once() -> None:
    """By all the ways to divide it, it would take longer than anybody lives."""
    text = BEGIN + "Ab: x " * 60 + "\n!"
    assert Redactor({}).clean(text) == text


# --- Tokens of many providers ---------------------------------------------------------------------

MIXED, LOWER = "a1B2-c3_D4" * 30, "a1b2c3d4e5" * 30
ALPHA, UPPER = MIXED.replace("-", "x").replace("_", "y"), "A1B2C3D4E5" * 20
HEX = "a1b2c3d4e5f60718" * 12
BEGINS = {  # what follows each
    "a GitLab token": {f"gl{kind}-": MIXED[:27] + ".01.a1b2c3d4e" for kind in ("pat", "cbt", "agent", "soat", "ft", "imt", "rtr")},
    "an AWS key": {"AKIA": UPPER[:16], "ABIA": UPPER[:16], "ACCA": UPPER[:16], "ABSK": ALPHA[:110] + "="},
    "a Slack token": {"xoxb-": ALPHA[:30], "xapp-1-": ALPHA[:40]},
    "a Google token": {"ya29.": MIXED[:60], "1//0": MIXED[:60], "GOCSPX-": MIXED[:28]},
    "a Stripe key": {"rk_live_": ALPHA[:40], "sk_test_": ALPHA[:24], "whsec_": ALPHA[:32]},
    "a token of Docker": {"dckr_pat_": MIXED[:27], "dckr_oat_": MIXED[:32]},
    "a token of DigitalOcean": {"dop_v1_": HEX[:64], "doo_v1_": HEX[:64], "dor_v1_": HEX[:64]},
    "a token of Vault": {"hvs.": MIXED[:95], "hvb.": MIXED[:140]},
    "a token of Databricks": {"dapi": HEX[:32]},
    "a token of Linear": {"lin_api_": ALPHA[:40]},
    "a token of Notion": {"ntn_": ALPHA[:46], "secret_": ALPHA[:43]},
    "a token of Figma": {"figd_": MIXED[:42]},
    "a token of Postman": {"PMAK-": f"{HEX[:24]}-{HEX[:34]}"},
    "a token of New-Relic": {"NRAK-": UPPER[:27]},
    "a token of Grafana": {"glsa_": ALPHA[:32] + "_" + HEX[:8], "glc_": ALPHA[:60] + "="},
    "a token of Sentry": {"sntrys_": ALPHA[:120], "sntryu_": HEX[:64]},
    "a token of Shopify": {"shpat_": HEX[:32], "shpss_": HEX[:32]},
    "a token of RubyGems": {"rubygems_": HEX[:48]},
    "a token of Doppler": {"dp.pt.": ALPHA[:43], "dp.st.dev.": ALPHA[:43], "dp.st.": ALPHA[:43]},
    "a token of PlanetScale": {"pscale_tkn_": MIXED[:43], "pscale_pw_": MIXED[:43]},
    "a token of Supabase": {"sbp_": HEX[:40], "sb_secret_": MIXED[:31]},
    "a token of Netlify": {"nfp_": ALPHA[:36]},
    "a token of Fly": {"fo1_": MIXED[:43], "fm2_": ALPHA[:200]},
    "a token of Tailscale": {"tskey-auth-": f"{ALPHA[:16]}-{ALPHA[:32]}"},
    "a token of Atlassian": {"ATATT3": MIXED[:180] + "=A1B2C3D4"},
    "a token of Bitbucket": {"ATBB": ALPHA[:32]},
    "a token of Artifactory": {"AKCp": ALPHA[:69], "cmVmdGtuOj": ALPHA[:54]},
    "a token of CircleCI": {"CCIPAT_": f"{ALPHA[:22]}_{HEX[:40]}"},
    "a token of Buildkite": {"bkua_": HEX[:40]},
    "a token of Sonar": {"sqp_": HEX[:40]},
    "a token of NuGet": {"oy2": LOWER[:43]},
    "a token of Twilio": {"SK": HEX[:32]},
    "a token of Heroku": {"HRKU-": MIXED[:60]},
    "a token of Pulumi": {"pul-": HEX[:40]},
    "a token of Groq": {"gsk_": ALPHA[:52]},
    "a token of Replicate": {"r8_": ALPHA[:37]},
    "a token of xAI": {"xai-": ALPHA[:80]},
    "a JSON web token": {"eyJ": f"{ALPHA[:40]}..{ALPHA[:16]}.{ALPHA[:60]}.{ALPHA[:22]}"},
    "an age key": {"AGE-SECRET-KEY-1": UPPER[:58]},
}  # fmt: skip
LED = {  # what leads to each stays
    "X-Api-Key: ": ALPHA[:32], "PRIVATE-TOKEN: ": MIXED[:20], "x-vault-token: ": ALPHA[:24], '"x-auth-token": "': ALPHA[:30],
    "Cookie: session=": ALPHA[:40], "Set-Cookie: sid=": ALPHA[:40], "//registry.npmjs.org/:_authToken=": HEX[:36],
    "machine a login b password ": "q8Zt1vR5", "redis://:": "q8Zt1vR5mK@r:6379", '"SecretAccessKey": "': ALPHA[:40],
    "https://discord.com/api/webhooks/123456789012345678/": MIXED[:68], "123456789:": "AA" + MIXED[:33],
    "AccountName=x;AccountKey=": ALPHA[:86] + "==",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "token"), [(kind, start + rest) for kind, row in BEGINS.items() for start, rest in row.items()]
)
def test_a_token_goes_as_a_whole(kind: str, token: str) -> None:
    for before, after in (("it is ", " here"), ('{"it": "', '"}'), ("IT=", "\n")):
        assert Redactor({}).clean(before + token + after) == f"{before}[redacted: {kind}]{after}"


@pytest.mark.parametrize("lead", LED)
def test_what_leads_to_a_token_stays(lead: str) -> None:
    cleaned = Redactor({}).clean(f"{lead}{LED[lead]}")
    assert cleaned.startswith(f"{lead}[redacted: ")
    assert LED[lead].partition("@")[0] not in cleaned


@pytest.mark.parametrize("part", [LOWER[:40], HEX[:40], HEX[:64], UPPER[:32]])
@pytest.mark.parametrize(
    "text",
    ["{}", "sha256:{}", "uses: actions/checkout@{} # v4", "git describe: v1-2-g{}", "cache-key: Linux-py3.12-{}", "TASK{}",
     "restore-keys: {}", "key-{}", "--hash=sha256:{} \\", "secret_{}_of_a_word", "https://a.org/{}.tar.gz", "my-token: ${{{{ {} }}}}",
     "Cookie: {}", "machine learning {} login and password are words", "next-token: {}"],
)  # fmt: skip
def test_hashes_and_their_like_stay(text: str, part: str) -> None:
    assert Redactor({}).clean(text.format(part)) == text.format(part)


@pytest.mark.parametrize("margin", ["E       ", "E         - ", "> | ", "web_1  | ", "+ ", "# ", "   12 | "])
def test_a_key_is_found_behind_what_stands_before_each_line(margin: str) -> None:
    key = f"{BEGIN}{('Ab1+/' * 12 + chr(10)) * 4}Ab3==\n-----END RSA PRIVATE KEY-----\n"
    text = "".join(margin + line for line in key.splitlines(keepends=True)) + "after it\n"
    parts: list[str] = []
    writer = LogWriter(parts.append, Redactor({}))
    for at in range(0, len(text), 7):
        writer.write(text[at : at + 7])
    writer.close()
    assert "".join(parts) == f"{margin}[redacted: a private key]\nafter it\n"


@pytest.mark.parametrize("name", ["TF_TOKEN_app_terraform_io", "POETRY_PYPI_TOKEN_ACME", "GOOGLE_APPLICATION_CREDENTIALS_JSON",
    "GCP_SERVICE_ACCOUNT_JSON", "KUBE_CONFIG_DATA", "HONEYCOMB_WRITEKEY", "TOTP_SEED", "SEED_PHRASE", "AWS_SECRET_ACCESS_KEY",
    "PRIVATE_KEY", "API_KEY", "APP_KEY"])  # fmt: skip
def test_names_of_providers_are_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["SSH_PUBLIC_KEY", "PRIMARY_KEY", "FOREIGN_KEYS", "CACHE_KEY", "SORT_KEY", "TABLE_PARTITION_KEY"]
)
def test_keys_that_open_nothing_are_not(name: str) -> None:
    assert not is_secret_name(name)
