"""`atomci` where it isn't installed: a module whose path is the package's own folder is that package."""

from pathlib import Path

__path__ = [str(Path(__file__).parents[2])]
