"""Whether what takes minutes and proves little more is run too: `ATOMCI_TESTS=all pytest`."""

import os

__all__ = ["NIGHTLY"]

NIGHTLY = os.environ.get("ATOMCI_TESTS") == "all"
