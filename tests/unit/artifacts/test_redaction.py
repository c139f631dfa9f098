"""Secrets are found by value and by shape, told by kind, and taken out also where text comes in pieces."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from atomci.artifacts.redaction import LogWriter, Redactor, redactor_for
from atomci.artifacts.secrets.names import dotenv, is_secret_name

# Put together here, so that no scanner takes this file for a leak.
TOKENS = {
    "a GitHub token": "ghp_" + "a1B2" * 9,
    "a GitLab token": "glpat-" + "a1B2" * 5,
    "an AWS key": "AKIA" + "ABCD1234" * 2,
    "a Slack token": "xoxb-" + "1234567890-abc",
    "a Slack webhook": "https://hooks.slack.com/services/" + "T000/B000/" + "x1" * 12,
    "a PyPI token": "pypi-AgE" + "Ic3x-" * 12,
    "an npm token": "npm_" + "a1B2" * 9,
    "a Google API key": "AIza" + "a1B2_" * 7,
    "a Stripe key": "sk_live_" + "a1B2" * 6,
    "a SendGrid key": "SG." + "a" * 22 + "." + "b" * 43,
    "a Hugging Face token": "hf_" + "a1B2" * 9,
    "an API key of a language model": "sk-ant-" + "a1B2-" * 8,
    "a JSON web token": "eyJhbGciOiJIUzI1" + ".eyJzdWIiOiIxMjM0" + ".SflKxwRJSMeKKF",
    "credentials in a URL": "postgres://app:" + "q8Zt1vR5@db/x",
    "credentials in a header": "Authorization: Bearer " + "a1B2c3D4e5F6g7H8",
}
KEY = "\n".join(
    ["-----BEGIN RSA PRIVATE " + "KEY-----", *["Ab1+/" * 12] * 3, "Ab3==", "-----END RSA PRIVATE KEY-----"]
)
TOKENS["a private key"] = KEY
VALUE = 'pa"ss\\wörd<1>'
KNOWN = Redactor({VALUE: "the value of DB_PASSWORD"})


@pytest.mark.parametrize("kind", TOKENS)
def test_a_token_is_known_by_its_shape(kind: str) -> None:
    text = f"before {TOKENS[kind]} after\n"
    assert [hit.kind for hit in Redactor({}).hits(text)] == [kind]
    cleaned = Redactor({}).clean(text)
    assert f"[redacted: {kind}]" in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after\n")
    for part in TOKENS[kind].split():
        assert len(part) < 20 or part not in cleaned


@pytest.mark.parametrize("kind", TOKENS)
def test_json_stays_json(kind: str) -> None:
    given = {"text": f"x {TOKENS[kind]} y", "headers": {"Authorization": "Bearer " + "a1B2" * 5}}
    cleaned = Redactor({}).clean_json(json.dumps(given))
    assert cleaned == Redactor({}).clean(json.dumps(given))
    assert f"[redacted: {kind}]" in json.loads(cleaned)["text"]
    assert json.loads(cleaned)["headers"]["Authorization"] == "Bearer [redacted: credentials in a header]"


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_no_secret_reaches_beyond_its_string_in_json(separators: tuple[str, str]) -> None:
    lead, secret = "machine a login b password ", "q8Zt1vR5"
    given = {"id": f"[{lead}]", "out": [lead + secret, "x" * 9], "lead": lead, "end": "it"}
    read = json.loads(Redactor({}).clean_json(json.dumps(given, separators=separators)))
    assert read == {**given, "out": [f"{lead}[redacted: a password of .netrc]", "x" * 9]}
    cut = f'{{"a":"{lead}","b":"it", "c":"' + TOKENS["an npm token"]
    assert Redactor({}).clean_json(cut) == cut.replace(TOKENS["an npm token"], "[redacted: an npm token]")


@pytest.mark.parametrize(
    "text",
    ["task-" + "abcdefgh-" * 6, "the sha is " + "0123456789abcdef" * 4, "http://localhost:8000/a@b",
     "https://user:pass@host", "postgres://postgres:postgres@localhost/app", "ghp_short", "https://a.org/x:y@z",  # pragma: allowlist secret
     "-----BEGIN RSA PRIVATE " + "KEY----- is what the hook looks for", "Authorization: Bearer",
     "registry=https://me:${NPM_PASSWORD}@npm.acme.org", "skip_" * 10],
)  # fmt: skip
def test_ordinary_text_is_let_be(text: str) -> None:
    assert Redactor({}).clean(text) == text


@pytest.mark.parametrize(
    "form",
    [VALUE, json.dumps(VALUE)[1:-1], json.dumps(VALUE, ensure_ascii=False)[1:-1], quote(VALUE, safe=""),
     'pa&quot;ss\\wörd&lt;1&gt;'],
)  # fmt: skip
def test_a_known_value_is_found_in_every_writing(form: str) -> None:
    assert KNOWN.clean(f"a {form} b") == "a [redacted: the value of DB_PASSWORD] b"


def test_secrets_that_overlap_are_one() -> None:
    token = TOKENS["a GitHub token"]
    redactor = Redactor({token + "xyz": "the value of A", token[4:20]: "the value of B"})
    assert redactor.clean(f"-{token}xyz-").count("redacted") == 1
    assert token[25:] not in redactor.clean(f"-{token}xyz-")


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "db_password", "API_KEY", "APIKEY", "AWS_SECRET_ACCESS_KEY",
    "SECRET_KEY_BASE", "SLACK_WEBHOOK_URL", "SENTRY_DSN", "APP_PWD", "TOKEN"])  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["PWD", "OLDPWD", "SSH_AUTH_SOCK", "KEYBOARD", "TOKEN_FILE", "PATH", "MONKEY",
    "ACTIONS_ID_TOKEN_REQUEST_URL", "COMPASS"])  # fmt: skip
def test_names_of_other_things(name: str) -> None:
    assert not is_secret_name(name)


def known(root: Path, **environment: str) -> set[str]:
    return set(redactor_for(root, environment).known)


def test_values_of_the_environment_count_by_their_names(tmp_path: Path) -> None:
    found = known(tmp_path, API_TOKEN="correcthorse", OTHER="correcthorse2", A_KEY="short", B_KEY="disabled")
    assert found == {"correcthorse"}


def test_values_of_the_env_file_count_unless_they_are_ordinary_or_in_the_example(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text("MODE=not-so-secret-1\n# OLD_TOKEN=harmless-example\n")
    (tmp_path / ".env").write_text(
        "export A='hunter2-hunter2' # why\nHOST=127.0.0.1\nPEER=api.acme.org:443\nURL=https://acme.org/x\n"
        "DIR=/var/lib/acme\nLEVEL=critical\nPORT=80008000\nMODE=not-so-secret-1\nB_TOKEN=swordfish\n"
    )
    assert known(tmp_path) == {"hunter2-hunter2", "swordfish"}


def test_each_line_of_a_long_value_counts(tmp_path: Path) -> None:
    assert known(tmp_path, SIGNING_KEY="first line\nsecond line") >= {"first line", "second line"}


def test_lines_of_an_env_file() -> None:
    text = "# c\nA=1\nexport B = \"x # y\"\nC='z'\nD=v # c\nnot a line\nE=\n"
    assert list(dotenv(text)) == [
        (2, "A", "1"),
        (3, "B", "x # y"),
        (4, "C", "z"),
        (5, "D", "v"),
        (7, "E", ""),
    ]


def written(*pieces: str, redactor: Redactor = KNOWN) -> tuple[str, str]:
    """What was handed on before the end, and with it."""
    parts: list[str] = []
    writer = LogWriter(parts.append, redactor)
    for piece in pieces:
        writer.write(piece)
    before = "".join(parts)
    writer.close()
    return before, "".join(parts)


def test_a_secret_in_pieces_is_taken_out() -> None:
    _, text = written("a ", VALUE[:4], VALUE[4:], " b\n")
    assert text == "a [redacted: the value of DB_PASSWORD] b\n"


def test_whole_lines_are_handed_on_at_once() -> None:
    assert written("one\ntw", "o") == ("one\n", "one\ntwo")


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_a_private_key_is_taken_out_whatever_its_pieces(size: int) -> None:
    text = f"start\n{KEY}\nend\n"
    _, out = written(*(text[at : at + size] for at in range(0, len(text), size)))
    assert out == "start\n[redacted: a private key]\nend\n"


def test_an_endless_line_is_handed_on_without_cutting_a_secret() -> None:
    line = "word " * 300_000
    before, text = written(line, VALUE[:5], VALUE[5:])
    assert len(before) > 1_000_000
    assert text == line + "[redacted: the value of DB_PASSWORD]"
