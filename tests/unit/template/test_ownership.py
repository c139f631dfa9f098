"""Who owns a rendered path."""

import pytest

from atomci.errors import UsageError
from atomci.template.ownership import Ownership, Tier, ownership

ANSWERS, LOCK = ".copier-answers.yml", ".atomci/lock.json"
TABLE = b"""
[[rule]]
tier = "managed"
paths = ["/scripts/*.sh", "/src/a.py"]
[[rule]]
tier = "merged"
paths = ["/scripts/mine.sh", "/pyproject.toml"]
[[rule]]
tier = "generated"
paths = ["uv.lock"]
[[rule]]
tier = "seed"
paths = ["/src/**"]
"""


def owners(text: bytes | None) -> Ownership:
    return ownership(text, lambda path: path.startswith(("tests/", "src/")), ANSWERS, LOCK)


@pytest.mark.parametrize(
    ("path", "tier"),
    [
        ("scripts/a.sh", "managed"),
        ("sub/scripts/a.sh", "merged"),
        ("scripts/mine.sh", "managed"),  # the first rule that matches
        ("src/a.py", "managed"),
        ("src/b/c.py", "seed"),
        ("sub/uv.lock", "generated"),
        ("tests/a.py", "seed"),  # copier's own rule, which the table doesn't name
        ("README.md", "merged"),
        (ANSWERS, "managed"),
        (LOCK, "generated"),
    ],
)
def test_the_first_rule_that_matches_owns_a_path(path: str, tier: Tier) -> None:
    assert owners(TABLE).tier(path) == tier


@pytest.mark.parametrize(
    ("path", "tier"),
    [("src/a.py", "seed"), ("scripts/a.sh", "merged"), (ANSWERS, "managed"), (LOCK, "generated")],
)
def test_without_a_table_copiers_skips_are_seeds_and_the_rest_is_merged(path: str, tier: Tier) -> None:
    assert owners(None).tier(path) == tier


def test_no_table_takes_over_the_answers_file_or_the_lock() -> None:
    grasping = owners(b'[[rule]]\ntier = "seed"\npaths = ["*"]\n')

    assert (grasping.tier(ANSWERS), grasping.tier(LOCK), grasping.tier("a")) == (
        "managed", "generated", "seed",
    )  # fmt: skip


def test_another_table_of_that_name_says_nothing_of_owners() -> None:
    assert owners(b"mine = 1\n[people]\nann = 2\n").tier("a") == owners(None).tier("a") == "merged"


@pytest.mark.parametrize(
    "text",
    [b"[[rule", b"\xff", b"version = 1\n", b"rule = 3\n", b'[[rule]]\ntier = "seed"\n', b'[[rule]]\npaths = ["a"]\n',
     b'[[rule]]\ntier = "mine"\npaths = ["a"]\n', b'[[rule]]\ntier = "seed"\npaths = 3\n'],
)  # fmt: skip
def test_a_malformed_table_is_an_error_of_the_template(text: bytes) -> None:
    with pytest.raises(UsageError, match=r"ownership\.toml is malformed") as caught:
        owners(text)

    assert "template" in caught.value.hint
