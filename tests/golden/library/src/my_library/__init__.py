"""Outlines of Markdown documents, with the anchors that links need."""

from .outline import Heading, outline, read_outline
from .slug import slugify, unique_slugs

__all__ = ["Heading", "outline", "read_outline", "slugify", "unique_slugs"]
