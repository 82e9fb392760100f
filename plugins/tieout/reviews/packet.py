# SPDX-License-Identifier: Apache-2.0
"""The packet of a review, for one system: who was asked, who decided what, what was found again, what is not proven, who signed.

It states facts. How fast somebody decided, how many at once, and what he is to the holder stand there for whoever judges it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieout.campaigns.said import Told
from tieout.reviews.items import TOXIC
from tieout.reviews.packet_page import Line, Page, Section, Table
from tieout.reviews.packet_people import NONE, moved, or_none, people, refused
from tieout.reviews.rows import SignOff
from tieout.reviews.tally import DECISIONS, Listed, Tally
from tieout.reviews.words import carried_out, minute, unproven

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a packet is about.

    Attributes:
        title: The control's title.
        statement: Its statement, verbatim.
        control: Its id.
        campaign: The review.
        system: The system.
        window: Key of the window, and the period's label.
        times: Name and instant of each time that counts, in order.
        lists: Each list that the review was made of: what it is, and which landing.
        tickets: What is said of tickets.
        second_list: What is said of the second collection.
        asked: How many people were asked about an item of the review, or decided one.
        pages: Each page of the landing: its name and what it holds.
        document_sha256: Of what was to be signed off.
        unsigned_because: Why it landed without a sign-off; ``None`` where somebody signed.
    """

    title: str
    statement: str
    control: str
    campaign: str
    system: str
    window: tuple[str, str]
    times: Sequence[tuple[str, datetime | None]]
    lists: Sequence[Line]
    tickets: str
    second_list: str
    asked: int
    pages: Sequence[Line]
    document_sha256: str
    unsigned_because: str | None = None


def packet(about: About, tally: Tally, told: Told, delta: Mapping[str, int] | None, sign_off: SignOff | None) -> Page:
    """Return the packet's page.

    Args:
        about: What it is about.
        tally: What the rows of the system come to.
        told: What the campaign's ledger says besides.
        delta: How many entitlements are new, changed, unchanged and gone since the last review, and how many were revoked then
            and are there again; ``None`` where there was no review of the system before.
        sign_off: Who signed it off; ``None`` for nobody.
    """
    sections = (
        _reviewed(about, tally),
        _outcome(tally),
        _unproven(about, tally),
        _removals(about, tally),
        _flags(tally),
        people(about.asked, tally),
        refused(told),
        moved(told),
        _delta(delta, tally),
        _signed(about, sign_off),
        _items(tally),
        Section("Files", ("Beside this page stand:",), tuple(about.pages)),
    )
    subtitle = f"Review of access to {about.system}, {about.window[0]}, stored with {about.window[1]}. Times are UTC."
    return Page(f"{about.title}: {about.system}, {about.window[0]}", subtitle, about.statement, sections)


def _reviewed(about: About, tally: Tally) -> Section:
    lines = [("Control", about.control), ("Review", about.campaign), ("System", about.system), ("Items", str(tally.whole.count))]
    lines += [(name, minute(at)) for name, at in about.times]
    return Section("What was reviewed", (), (*lines, *about.lists))


def _outcome(tally: Tally) -> Section:
    said = tally.as_document(0)
    second = said["second"]
    lines = [(name.capitalize(), str(said["decisions"][name])) for name in DECISIONS]
    lines += [
        ("Decided by the control's rule, by nobody", str(said["by_rule"])),
        ("Decided after they were due", str(said["late"])),
        ("A second person was asked", f"about {second['asked']}, and decided {second['decided']}"),
    ]
    return Section("What was decided", (), tuple(lines))


def _unproven(about: About, tally: Tally) -> Section:
    done = tally.as_document(0)["carried_out"]
    text = [about.second_list]
    if not done["asked"]:
        text.append("Nothing was revoked or changed, so that nothing had to be carried out.")
        return Section("What is not proven", tuple(text))
    text.append(
        f"Of {done['asked']} revoked or changed, {done['in_time']} are proven carried out in time, {done['not_in_time']} are "
        f"not, and of {done['not_determinable']} the lists tell nothing."
    )
    rows = [(*_named(row), unproven(row) or "") for row in tally.unproven.rows]
    table = Table("Not proven carried out in time", ("Account", "Entitlement", "What the lists show"), rows, tally.unproven.count)
    return Section("What is not proven", tuple(text), tables=(table,) if rows else ())


def _removals(about: About, tally: Tally) -> Section:
    heads = (
        "Account", "Entitlement", "Holder", "Decision", "Reasons", "Decided by", "Ticket", "Due", "Carried out", "Read again",
        "Row before, SHA-256", "Row after, SHA-256",
    )  # fmt: skip
    rows = [
        (
            *_named(row), or_none(row["holder"]), row["decision"], _reasons(row), _decided_by(row), or_none(row["ticket"]),
            minute(row["removal_due_at"]), carried_out(row), minute(row["proof_read_at"]), or_none(row["before_sha256"]),
            or_none(row["after_sha256"]),
        )
        for row in tally.carried_out.rows
    ]  # fmt: skip
    return _listed("What was revoked or changed", tally.carried_out, heads, rows, about.tickets)


def _flags(tally: Tally) -> Section:
    counted = tally.as_document(0)["flags"]
    rows = [(name, *(str(counted[name][each]) for each in ("found", *DECISIONS, "unknown"))) for name in tally.flags]
    table = Table("Items by what stood out", ("Flag", "Found", *map(str.capitalize, DECISIONS), "Not determinable"), rows)
    heads = ("Account", "Entitlement", "Holder", "Stood out", "Combination", "Decided by", "Reasons")
    kept = [
        (*_named(row), or_none(row["holder"]), row["flags"], or_none(row["toxic_with"]), _decided_by(row), _reasons(row))
        for row in tally.standing_out.rows
    ]
    listed = Table("Kept although something stood out", heads, kept, tally.standing_out.count)
    text = ["A flag says what the lists tell; what they do not tell is not determinable, and no clearance."]
    if TOXIC not in tally.flags:
        text.append("The control names no combinations of entitlements that nobody should have: it was not looked for any.")
    return Section("What stood out when it was frozen", tuple(text), tables=(table, listed) if kept else (table,))


def _delta(delta: Mapping[str, int] | None, tally: Tally) -> Section:
    if delta is None:
        return Section("Since the last review", ("There was no review of this system before.",))
    names = {"new": "New", "changed": "Changed", "unchanged": "Unchanged", "gone": "Gone"}
    lines = [(label, str(delta[name])) for name, label in names.items()]
    again = tally.as_document(0)["revoked_before"]
    told = f"{delta['revoked_and_there']}" if "not told" not in again else "not told: what that review came to has not landed"
    lines.append(("Revoked then, and there again", told))
    return Section("Since the last review", (), tuple(lines))


def _signed(about: About, found: SignOff | None) -> Section:
    lines = [("Document that was to be signed off, SHA-256", about.document_sha256)]
    if found is None:
        because = about.unsigned_because or "not told"
        return Section("Sign-off", (f"Nobody signed the review off. Why it landed all the same: {because}",), tuple(lines))
    lines += [
        ("Signed off by", found.person),
        ("When", minute(found.at)),
        ("Signed response", found.response),
        ("Was asked about an item, or decided one", "yes" if found.reviewed else "no"),
    ]
    return Section("Sign-off", (), tuple(lines))


def _items(tally: Tally) -> Section:
    heads = (
        "Account", "Entitlement", "Holder", "Kind", "Stood out", "Not determinable", "Asked", "Decision", "Decided by",
        "Capacity", "Second person's capacity", "When", "Reasons",
    )  # fmt: skip
    rows = [
        (
            *_named(row), or_none(row["holder"]), row["account_kind"], or_none(row["flags"]), or_none(row["flags_unknown"]),
            _asked(row), row["decision"], _decided_by(row), or_none(row["reviewer_authority"]), or_none(row["second_authority"]),
            minute(row["decided_at"]), _reasons(row),
        )
        for row in tally.whole.rows
    ]  # fmt: skip
    return _listed("All items", tally.whole, heads, rows)


def _listed(
    title: str, listed: Listed, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], said: str | None = None
) -> Section:
    text = [said] if said else []
    if not rows:
        return Section(title, (*text, "None."))
    if listed.count > len(rows):
        text.append("The file of rows has all of them.")
    return Section(title, tuple(text), tables=(Table(title, heads, rows, listed.count),))


def _named(row: Row) -> tuple[str, str]:
    return str(row["account"]), str(row["entitlement"])


def _decided_by(row: Row) -> str:
    """Return who decided what; what the rule decided in a slot, nobody did."""
    slots = [(row["reviewer"], row["reviewer_decision"])]
    slots += [(row["second_reviewer"], row["second_decision"])] if row["second_asked"] else []
    return "; ".join(f"{person}: {decision}" if person else "nobody: the control's rule" for person, decision in slots)


def _asked(row: Row) -> str:
    return "; ".join(each for each in (row["assigned_reviewer"], row["assigned_second"]) if each)


def _reasons(row: Row) -> str:
    return "; ".join(each for each in (row["reason"], row["second_reason"]) if each) or NONE
