"""What was typed by mistake is told back without secrets."""

import pytest

SECRET = "q8Zt1vR5-mK2x"


@pytest.mark.parametrize(
    "words",
    [
        ["run", SECRET], [SECRET], ["explain", SECRET], ["run", "local_ci", f"--jobs={SECRET}"], ["run", f"--{SECRET}"],
        ["list", SECRET], ["new", "x", "--defaults", "--template", f"./{SECRET}"], ["graph", f"{SECRET}x"],
    ],
    ids=str,
)  # fmt: skip
def test_a_usage_error_repeats_no_secret(words: list[str], sample) -> None:
    done = sample.atomci(*words, API_TOKEN=SECRET)
    assert done.code == 2
    assert SECRET not in done.out + done.err
    assert "[redacted: the value of API_TOKEN]" in done.err


def test_an_address_with_a_password_is_refused_and_not_told(tmp_path, sample) -> None:
    for address in (f"ssh://u:{SECRET}@acme.invalid/t.git", f"https://acme.invalid/t.git?token={SECRET}"):
        done = sample.atomci("new", "x", "--defaults", "--no-bootstrap", "--template", address)
        assert done.code == 4
        assert SECRET not in done.out + done.err


def test_what_is_typed_is_shown_as_it_is(sample) -> None:
    done = sample.atomci("run", "--\x1b[2J\u202ex")
    assert done.code == 2
    assert r"--\x1b[2J\u202ex" in done.err
