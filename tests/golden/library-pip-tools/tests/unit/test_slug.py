import pytest

from my_library import slugify, unique_slugs


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Crème brûlée, for two", "creme-brulee-for-two"),
        ("  Release 1.2  ", "release-1-2"),
        ("snake_case", "snake-case"),
        ("你好", ""),
    ],
)
def test_a_slug_is_lower_case_ascii_words(title: str, slug: str) -> None:
    assert slugify(title) == slug


def test_the_same_title_gets_a_number() -> None:
    assert unique_slugs(["Use", "Use", "Use!"]) == ["use", "use-2", "use-3"]


def test_a_number_that_is_taken_is_not_given_again() -> None:
    assert unique_slugs(["Use 2", "Use", "Use"]) == ["use-2", "use", "use-3"]


def test_a_title_without_words_still_has_a_slug() -> None:
    assert unique_slugs(["你好", "!"]) == ["section", "section-2"]
