"""An update from the recorded version to another, planned step by step. Nothing is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atomci.artifacts.printed.sync import Update
from atomci.template.answers import Recorded
from atomci.template.workshop import Workshop
from atomci.update.request import Request
from atomci.update.span import chosen_span

if TYPE_CHECKING:
    from atomci.update.planned import Planned

__all__ = ["plan_update"]


def plan_update(shop: Workshop, recorded: Recorded, request: Request) -> Planned | Update:
    """What an update would do; an Update alone where there is nothing to do.

    Raises UsageError, RefusedError or InfrastructureError where it can't be told; nothing has changed then.
    """
    found = _planned(shop, recorded, request)
    unused = shop.unused(request.template or recorded.source)
    return found.noting(*unused) if unused else found


def _planned(shop: Workshop, recorded: Recorded, request: Request) -> Planned | Update:
    span = chosen_span(shop, recorded, request)
    if isinstance(span, Update):
        return span
    # Most updates end here; what the others need takes a while to import.
    from atomci.update.merging import merged_renders
    from atomci.update.planned import described
    from atomci.update.rendering import both_rendered

    renders = both_rendered(shop, span)
    shop.tell("merging")
    return described(merged_renders(renders))
