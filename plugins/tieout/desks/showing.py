# SPDX-License-Identifier: Apache-2.0
"""What a campaign is called and how its items are shown to people, by its kind: the same in messages, in modals and on pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from tieout.criteria.scope import Scope
from tieout.desks.desk import PAGE_ITEMS
from tieout.desks.items import ACKNOWLEDGING, CONFIRMING, DECIDING, Item, Question, Wording
from tieout.flows.campaigns import ACCESS_REVIEW, ACKNOWLEDGMENT, CONFIRMATION, Loaded
from tieout.flows.frozen_rows import agreed
from tieout.policies import words
from tieout.reviews import presenting
from tieout.reviews.items import asked_flags
from tieout.settings import Settings

_BLOCKS_KEPT, _PLACES_KEPT = 1024, 1024
"""How many pages are kept in words, about 25 KB each, and of how many assignments it is kept where their items stand."""
_NAMED = ("system", "reviewer_authority", "second_authority")


@dataclass(frozen=True, slots=True)
class Showing:
    """How one campaign is shown.

    Attributes:
        title: What it is: ``Access review 2026-Q1``.
        unit: What is decided, in the plural.
        labels: Words of the choices, by name, in the order in which they are shown.
        introduction: What people are asked.
        item: An item as it is shown, by its id.
        named: What an assignment is about, by its id.
        words: What people do with the items.
        page_items: Most items on one page.
    """

    title: str
    unit: str
    labels: Mapping[str, str]
    introduction: str
    item: Callable[[str], Item]
    named: Callable[[str], str]
    words: Wording = DECIDING
    page_items: int = PAGE_ITEMS


def form_pages(settings: Settings) -> str:
    """Return where the pages of forms are, up to the campaign's id; empty where the settings do not say."""
    return f"{settings.pages_url}/tieout/confirmations/" if settings.pages_url else ""


def showing(loaded: Loaded, scope: Scope) -> Showing:
    """Return how a campaign is shown.

    Args:
        loaded: The campaign.
        scope: The program's, for the names of systems.
    """
    return _KINDS[loaded.definition.kind](loaded, scope)


def _review(loaded: Loaded, scope: Scope) -> Showing:
    definition, rows = loaded.definition, loaded.rows
    names = {entry.system: entry.name for entry in scope.systems}
    request = agreed(rows, "request") or {}
    days, asked = request.get("parameters", {}).get("dormant_days"), asked_flags(agreed(rows, "inputs") or {})

    def made(row: Mapping[str, Any]) -> Item:
        shown, item_id = presenting.present(row, names, days, asked), row["item"]
        row_sha256 = definition.items[item_id].row_sha256
        return Item(
            id=item_id, row_sha256=row_sha256, title=shown.title, holder=shown.holder, facts=shown.facts, flags=shown.flags
        )

    @lru_cache(_PLACES_KEPT)
    def places(assignment: str) -> dict[str, int]:
        return {item_id: place for place, item_id in enumerate(definition.assignments[assignment].items)}

    @lru_cache(_BLOCKS_KEPT)
    def block(assignment: str, number: int) -> dict[str, Item]:
        ids = definition.assignments[assignment].items[number * PAGE_ITEMS : (number + 1) * PAGE_ITEMS]
        return {row["item"]: made(row) for row in rows.shown(ids)}

    def item(item_id: str) -> Item:
        """Return an item. It is read with its neighbours, and kept: they are shown together, and again when they come back."""
        assignment = definition.assignments_of_item[item_id][0].id
        return block(assignment, places(assignment)[item_id] // PAGE_ITEMS)[item_id]

    @cache
    def named(assignment: str) -> str:
        given = definition.assignments[assignment]
        return presenting.named_assignment(rows.some(given.items, _NAMED), given.slot, names)

    return Showing(f"Access review {definition.window}", presenting.UNIT, presenting.LABELS, presenting.INTRODUCTION, item, named)


def _acknowledgment(loaded: Loaded, scope: Scope) -> Showing:
    definition, rows = loaded.definition, loaded.rows

    def item(item_id: str) -> Item:
        row, frozen = rows.row(item_id), definition.items[item_id]
        shown = words.present(row)
        asked = Question(shown.question, shown.options) if shown.question else None
        return Item(
            id=item_id, row_sha256=frozen.row_sha256, title=shown.title, facts=shown.facts, statement=shown.statement,
            link=shown.link, question=asked,
        )  # fmt: skip

    title = f"Policies {definition.window}"
    return Showing(
        title, words.UNIT, words.LABELS, words.INTRODUCTION, item, lambda _: f"Policies of {scope.system_name}",
        words=ACKNOWLEDGING, page_items=words.PAGE_ITEMS,
    )  # fmt: skip


def _confirmation(loaded: Loaded, _scope: Scope) -> Showing:
    definition, rows = loaded.definition, loaded.rows
    titles = {row["item"]: row["title"] for row in rows.table.to_pylist()}

    def item(item_id: str) -> Item:
        return Item(id=item_id, row_sha256=definition.items[item_id].row_sha256, title=titles[item_id])

    def named(assignment: str) -> str:
        given = definition.assignments[assignment]
        return f"{', '.join(titles[item_id] for item_id in given.items)}, as {given.authority}"

    title = f"Confirmation {definition.window}"
    return Showing(
        title, "forms", {}, "Please fill in the form on its page in Airflow.", item, named, words=CONFIRMING, page_items=1
    )


_KINDS: Mapping[str, Callable[[Loaded, Scope], Showing]] = {
    ACCESS_REVIEW: _review,
    ACKNOWLEDGMENT: _acknowledgment,
    CONFIRMATION: _confirmation,
}
