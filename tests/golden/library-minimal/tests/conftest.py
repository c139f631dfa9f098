"""The marker of each layer."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# Contracts and recorded tests are also integration's, so that CI runs them there.
MARKERS_OF_FOLDER = {
    "unit": ["unit"],
    "integration": ["integration"],
    "e2e": ["e2e"],
    "contracts": ["contracts", "integration"],
    "auger": ["generated", "integration"],
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the folder that it is in."""
    for item in items:
        if item.path.is_relative_to(TESTS):
            for marker in MARKERS_OF_FOLDER.get(item.path.relative_to(TESTS).parts[0], []):
                item.add_marker(marker)
