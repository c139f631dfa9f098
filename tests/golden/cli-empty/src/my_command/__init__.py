"""my-command."""

from importlib.metadata import version

__version__ = version("my-command")
