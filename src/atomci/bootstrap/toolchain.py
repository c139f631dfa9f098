"""Tools of the environment against the versions that the lock names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from atomci.artifacts.handed.schemas import ToolFound

__all__ = ["REQUIRED", "compare", "manager_row", "table", "what_is_here"]

REQUIRED = ("pytest", "pytest-cov", "pre-commit")
"""What the gate and the hooks start besides static tools."""


def compare(
    tools: Iterable[str],
    locked: Mapping[str, tuple[str, ...]],
    installed: Callable[[str], str | None],
    environment: str,
) -> list[ToolFound]:
    """One row per tool; a version other than the locked one isn't usable."""
    rows = []
    for tool in tools:
        wanted, found = locked.get(tool, ()), installed(tool)
        rows.append(
            ToolFound(
                tool=tool,
                wanted=" or ".join(f"=={version}" for version in wanted) or "in the lock",
                found=found,
                path=environment if found else None,
                usable=found in wanted,
                note="" if wanted else "the lock doesn't name it",
            )
        )
    return rows


def manager_row(manager: str, wanted: str, found: str | None, path: str | None) -> ToolFound:
    """The dependency manager itself; `wanted` is a version or a range, empty for any."""
    from packaging.specifiers import SpecifierSet

    versions = SpecifierSet(f"=={wanted}" if wanted[:1].isdigit() else wanted)
    usable = found is not None and versions.contains(found, prereleases=True)
    return ToolFound(tool=manager, wanted=wanted or "any", found=found, path=path, usable=usable)


def table(rows: Sequence[ToolFound]) -> str:
    """The rows for people to read, one line each."""
    return "".join(
        f"{row.tool:12} wanted {row.wanted:14} found {row.found or '-':10} {row.path or ''} {row.note}\n"
        for row in rows
    )


def what_is_here(row: ToolFound) -> str:
    """The version that was found, in words."""
    return f"{row.found} is here" if row.found else "it isn't here"
