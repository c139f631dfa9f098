"""Recorded by tools/record_slug.py, then curated."""

import unittest

from my_service import slug


class SlugTest(unittest.TestCase):
    def test_slugify(self) -> None:
        self.assertEqual(slug.slugify(title="Crème brûlée, for two"), "creme-brulee-for-two")

    def test_unique_slugs(self) -> None:
        self.assertEqual(
            slug.unique_slugs(titles=["Use", "Use", "Use!"]),
            ["use", "use-2", "use-3"],
        )
