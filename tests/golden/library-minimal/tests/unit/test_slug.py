import pytest

from my_library import slugify


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Crème brûlée, for two", "creme-brulee-for-two"),
        ("  Release 1.2  ", "release-1-2"),
        ("snake_case", "snake-case"),
        ("你好", "untitled"),
        ("a-slug-stays", "a-slug-stays"),
    ],
)
def test_a_slug_is_lower_case_ascii_words(title: str, slug: str) -> None:
    assert slugify(title) == slug
