"""Titles as the part of a URL that names them."""

import re
import unicodedata


def slugify(title: str) -> str:
    """Lower-case ASCII words joined by dashes; empty when the title holds none."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii")
    return "-".join(re.findall(r"[a-z0-9]+", plain.lower()))


def unique_slugs(titles: list[str]) -> list[str]:
    """One slug per title, in order; a taken one gets the next free number."""
    taken: set[str] = set()
    slugs: list[str] = []
    for title in titles:
        base = slugify(title) or "section"
        slug, number = base, 1
        while slug in taken:
            number += 1
            slug = f"{base}-{number}"
        taken.add(slug)
        slugs.append(slug)
    return slugs
