# SPDX-License-Identifier: Apache-2.0
"""What a review's packet says of people: who decided and how, what they said that does not count, what went to somebody else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tieout.campaigns.said import Told
from tieout.reviews.packet_page import Section, Table
from tieout.reviews.tally import DECISIONS, MOST, Tally
from tieout.reviews.words import minute
from tieout.times import parse_instant

NONE = "none"
"""What stands for an absent value."""


def people(asked: int, tally: Tally) -> Section:
    """Return who decided on the items of a system, and how.

    Args:
        asked: How many people were asked about an item of the review, or decided one, in whatever system.
        tally: What the rows of the system come to.
    """
    heads = (
        "Person", "Decisions", *map(str.capitalize, DECISIONS), "Kept of a thousand", "Measured", "Median ms for one",
        "Shortest ms for one", "Largest batch", "Relation to the holders", "First", "Last",
    )  # fmt: skip
    together = tally.as_document(MOST)
    listed = [("all together", together["quality"]), *((each["person"], each) for each in together["reviewers"])]
    rows = [tuple(_facts(name, said)) for name, said in listed]
    text = (
        f"{asked} people were asked about an item of the review, or decided one, in whatever system.",
        "These are measurements. A batch is what was shown at once; the time is that from showing to answering, divided by it.",
    )
    return Section(
        "Who decided, and how",
        text,
        tables=(Table("Decisions on items of this system", heads, rows, 1 + together["reviewers_count"]),),
    )


def _facts(name: str, said: Mapping[str, Any]) -> Iterable[str]:
    yield name
    yield str(said["decisions"])
    yield from (str(said[each]) for each in DECISIONS)
    yield from (or_none(said[each]) for each in ("kept_per_mille", "measured", "median_ms", "shortest_ms", "largest_batch"))
    yield "; ".join(f"{relation}: {count}" for relation, count in said["relations"].items()) or NONE
    yield from (minute(said[each] and parse_instant(said[each])) for each in ("first_at", "last_at"))


def refused(told: Told) -> Section:
    """Return what was said in the campaign and does not count."""
    counted = ", ".join(f"{count} because {why}" for why, count in told.why.items())
    text = [f"{len(told.refused)} parts of what was said do not count{f': {counted}' if counted else ''}."]
    if told.unread:
        text.append(f"{len(told.unread)} documents of the campaign could not be read; the list of documents names them.")
    rows = [
        (minute(each.at), each.by, each.why.value, or_none(each.item), or_none(each.assignment), each.event)
        for each in told.refused[:MOST]
    ]
    heads = ("When", "Who", "Why it does not count", "Item", "Assignment", "Document")
    table = Table("What was said and does not count", heads, rows, len(told.refused))
    return Section("What was said and does not count", tuple(text), tables=(table,) if rows else ())


def moved(told: Told) -> Section:
    """Return what went to somebody else, and who answered for whom."""
    moves = [(minute(each["at"]), each["how"], each["by"], each["to"], str(each["items"])) for each in told.moves[:MOST]]
    covers = [
        (minute(each["from"]), minute(each["until"]), each["person"], each["stand_in"], each["entered_by"],
         minute(each["withdrawn_at"]) if each["withdrawn_at"] else NONE)
        for each in told.covers[:MOST]
    ]  # fmt: skip
    heads = ("From", "Until", "Who was covered", "Who answered instead", "Entered by", "Withdrawn")
    tables = [
        Table("Items that went to somebody else", ("When", "How", "By", "To", "Items"), moves, len(told.moves)),
        Table("Cover", heads, covers, len(told.covers)),
    ]
    text = () if moves or covers else ("Nothing went to somebody else, and nobody covered anybody.",)
    return Section("Reassignment, escalation and cover", text, tables=tuple(each for each in tables if each.rows))


def or_none(value: Any) -> str:
    """Return a value as text, `NONE` for an absent one."""
    return NONE if value is None else str(value)
