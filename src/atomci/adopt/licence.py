"""The licence of a repository, by what it declares or by the words of the file."""

from __future__ import annotations

import re

from atomci.adopt.existing import Existing, Inferred, strings, value_at

__all__ = ["licence"]

_LICENCE_FILES = re.compile(r"(?i)(licen[cs]e|copying)(\.(md|rst|txt))?")
_LICENCE_TEXTS = (
    ("Apache-2.0", "Apache License"),
    ("MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"),
    ("BSD-3-Clause", "Neither the name of"),
    ("BSD-2-Clause", "Redistribution and use in source and binary forms"),
    ("LGPL", "GNU LESSER GENERAL PUBLIC LICENSE"),
    ("AGPL-3.0", "GNU AFFERO GENERAL PUBLIC LICENSE"),
    ("GPL", "GNU GENERAL PUBLIC LICENSE"),
    ("MPL-2.0", "Mozilla Public License"),
)
_LICENCE_NAMES = {
    "mit": "MIT",
    "mit license": "MIT",
    "the mit license (mit)": "MIT",
    "apache 2.0": "Apache-2.0",
    "apache-2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "licenseref-proprietary": "Proprietary",
    "proprietary": "Proprietary",
    "other/proprietary license": "Proprietary",
}


def licence(existing: Existing) -> Inferred | None:
    """Its usual short name; "another licence" where there is a file that isn't known."""
    for path in ("project.license", "project.license.text", "tool.poetry.license"):
        text = value_at(existing.pyproject, path)
        # A table's text may be a name, or all of it.
        if isinstance(text, str) and text.strip() and "\n" not in text.strip():
            return Inferred(_licence_name(text), f"pyproject.toml: {path}")
    if stated := existing.in_setup("license"):
        return Inferred(_licence_name(stated.value), stated.source)
    for text in strings(value_at(existing.pyproject, "project.classifiers")):
        if text.startswith("License :: "):
            return Inferred(_licence_name(text.rpartition(" :: ")[2]), "pyproject.toml: project.classifiers")
    for path in sorted(filter(_LICENCE_FILES.fullmatch, existing.paths)):
        content = " ".join(existing.read(path).split())
        for name, words in _LICENCE_TEXTS:
            if words.lower() in content.lower():
                return Inferred(name, path)
        return Inferred("another licence", path)
    return None


def _licence_name(text: str) -> str:
    return _LICENCE_NAMES.get(text.strip().lower(), text.strip())
