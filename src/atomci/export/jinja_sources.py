"""What the Jinja texts of a template use, read from their syntax trees: nothing is rendered."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from atomci.errors import RefusedError

__all__ = ["Sources", "block_signs", "comment_signs", "conditional", "is_jinja", "plain", "variable_signs"]

_SIGNS = {"block_start_string": "{%", "variable_start_string": "{{", "comment_start_string": "{#"}
_CONF = {"answers_file", "src_path", "vcs_ref_hash"}
_SUPPORTED = {"_copier_answers", "_copier_conf", "_folder_name"}


@dataclass
class Sources:
    """Texts of one template. `included` gathers the files that they include or import.

    `everything` are the template's files by their paths from its root, `read` gives the text of one.
    """

    envops: Mapping[str, Any]
    everything: Sequence[str]
    read: Callable[[str], str]
    included: set[str] = field(default_factory=set)

    def add(self, where: str, text: str) -> None:
        """Take a text in, and what it includes. Raises RefusedError for what cookiecutter couldn't render."""
        from jinja2 import TemplateSyntaxError

        try:
            tree = self._environment.parse(text)
        except TemplateSyntaxError as error:
            raise _refused(f"{where}: {error.message}") from None
        self._refuse(where, tree)
        for name in self._references(tree):
            if name not in self.included:
                self.included.add(name)
                self.add(name, self.read(name))

    @cached_property
    def _environment(self) -> Any:
        from jinja2 import Environment

        from atomci.export.exported.local_extensions import FILTERS

        options = {name: value for name, value in self.envops.items() if name != "undefined"}
        environment = Environment(**options, autoescape=False)  # noqa: S701
        environment.filters.update(FILTERS)
        return environment

    def _refuse(self, where: str, tree: Any) -> None:
        from jinja2 import meta, nodes

        for kind, known in ((nodes.Filter, self._environment.filters), (nodes.Test, self._environment.tests)):
            for node in tree.find_all(kind):
                if node.name not in known:
                    raise _refused(f"{where}: the Jinja {kind.__name__.lower()} {node.name!r}")
        for name in sorted(meta.find_undeclared_variables(tree)):
            foreign = name.startswith(("_copier_", "_external_data")) or name == "pathjoin"
            if foreign and name not in _SUPPORTED:
                raise _refused(f"{where}: {name}")
        for node in tree.find_all(nodes.Getattr):
            conf = isinstance(node.node, nodes.Name) and node.node.name == "_copier_conf"
            if conf and node.attr not in _CONF:
                raise _refused(f"{where}: _copier_conf.{node.attr}")

    def _references(self, tree: Any) -> Iterator[str]:
        """The template's files that a text may include: those named, or all under what a name starts with."""
        from jinja2 import nodes

        for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
            named = node.template
            for one in named.items if isinstance(named, nodes.Tuple | nodes.List) else [named]:
                if isinstance(one, nodes.Const):
                    yield from (path for path in self.everything if path == one.value)
                else:
                    start = _start(one)
                    yield from (path for path in self.everything if path.startswith(start))


def is_jinja(text: str, envops: Mapping[str, Any]) -> bool:
    """Whether Jinja would find something to do in a text."""
    return any(envops.get(name, sign) in text for name, sign in _SIGNS.items())


def conditional(name: str, envops: Mapping[str, Any]) -> str:
    """A name that is never empty: where the original would be, it is `.not-rendered-` and a number."""
    start, end = variable_signs(envops)
    if not is_jinja(re.sub(rf"{re.escape(start)}-?\s*[\w.]+\s*-?{re.escape(end)}", "", name), envops):
        return name
    opened, closed = block_signs(envops)
    stand_in = f".not-rendered-{zlib.crc32(name.encode()):x}"
    return f"{opened} set _part {closed}{name}{opened} endset {closed}{start} _part or '{stand_in}' {end}"


def plain(path: str, envops: Mapping[str, Any]) -> str:
    """A path as it may be once it is rendered: tags gone, x for each value."""
    for (start, end), text in ((block_signs(envops), ""), (variable_signs(envops), "x")):
        path = re.sub(f"{re.escape(start)}.*?{re.escape(end)}", text, path)
    return path


def block_signs(envops: Mapping[str, Any]) -> tuple[str, str]:
    """What stands around a tag."""
    return envops.get("block_start_string", "{%"), envops.get("block_end_string", "%}")


def comment_signs(envops: Mapping[str, Any]) -> tuple[str, str]:
    """What stands around a comment."""
    return envops.get("comment_start_string", "{#"), envops.get("comment_end_string", "#}")


def variable_signs(envops: Mapping[str, Any]) -> tuple[str, str]:
    """What stands around a value."""
    return envops.get("variable_start_string", "{{"), envops.get("variable_end_string", "}}")


def _start(node: Any) -> str:
    """The text that a name put together from pieces is sure to start with."""
    from jinja2 import nodes

    if isinstance(node, nodes.Const):
        return str(node.value)
    if isinstance(node, nodes.Concat):
        return _start(node.nodes[0])
    return _start(node.left) if isinstance(node, nodes.Add) else ""


def _refused(what: str) -> RefusedError:
    return RefusedError(f"{what}: cookiecutter can't do that", "copier copy renders the template")
