"""Recorded by tools/record_slug.py, then curated."""

import unittest

import my_service.slug


class SlugTest(unittest.TestCase):
    def test_slugify(self) -> None:
        self.assertEqual(
            my_service.slug.slugify(title="Crème brûlée, for two"),
            "creme-brulee-for-two",
        )

    def test_unique_slugs(self) -> None:
        self.assertEqual(
            my_service.slug.unique_slugs(titles=["Use", "Use", "Use!"]),
            ["use", "use-2", "use-3"],
        )
