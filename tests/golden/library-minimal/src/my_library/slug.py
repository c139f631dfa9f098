"""Titles as the part of a URL that names them."""

import re
import unicodedata


def slugify(title: str) -> str:
    """Lower-case ASCII words joined by dashes; `untitled` where the title has none."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii")
    return "-".join(re.findall(r"[a-z0-9]+", plain.lower())) or "untitled"
