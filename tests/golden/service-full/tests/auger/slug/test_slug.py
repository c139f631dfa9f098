"""Recorded by tools/record_slug.py, then curated."""

import unittest

from my_service import slug


class SlugTest(unittest.TestCase):
    def test_slugify(self) -> None:
        self.assertEqual(slug.slugify(title="Crème brûlée, for two"), "creme-brulee-for-two")
