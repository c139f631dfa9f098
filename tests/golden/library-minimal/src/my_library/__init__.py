"""Titles as the part of a URL that names them."""

from .slug import slugify

__all__ = ["slugify"]
