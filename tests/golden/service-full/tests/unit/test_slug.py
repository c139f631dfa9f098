import pytest

from my_service.app import slug_of


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
async def test_a_slug_is_lower_case_ascii_words(title: str, slug: str) -> None:
    assert await slug_of(title) == {"slug": slug}
