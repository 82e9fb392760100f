# SPDX-License-Identifier: Apache-2.0
"""What the rows of a review come to, counted as they pass: decisions, flags, proofs, and how people decided.

Memory holds the counts, and of the rows that stand out the first some. Counts are facts; nothing is concluded from them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tieout.reviews.capacity import KEPT
from tieout.reviews.items import FLAGS
from tieout.reviews.quality import Decided, Facts, Relation
from tieout.reviews.words import shortened, unproven

Row = Mapping[str, Any]
DECISIONS = ("keep", "revoke", "change")
MOST = 1000
"""Rows of each listing that are held."""


@dataclass(slots=True)
class Listed:
    """Some rows of a kind: the first `MOST`, and how many there are."""

    rows: list[Row] = field(default_factory=list)
    count: int = 0

    def add(self, row: Row) -> None:
        """Take a row in."""
        self.count += 1
        if len(self.rows) < MOST:
            self.rows.append(row)


@dataclass(slots=True)
class Tally:
    """What the rows of one system come to.

    Attributes:
        flags: Flags that the review asks about.
        whole: All rows.
        carried_out: Those that are revoked or changed.
        unproven: Those of them that are not proven carried out in time.
        standing_out: Those that are kept although something stood out when they were frozen.
        by_rule: Those that the control's rule decided.
        together: How people decided, all together.
        people: How each of them did, by person.
    """

    flags: tuple[str, ...] = FLAGS
    whole: Listed = field(default_factory=Listed)
    carried_out: Listed = field(default_factory=Listed)
    unproven: Listed = field(default_factory=Listed)
    standing_out: Listed = field(default_factory=Listed)
    by_rule: Listed = field(default_factory=Listed)
    together: Facts = field(default_factory=Facts)
    people: dict[str, Facts] = field(default_factory=dict)
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, row: Row) -> None:
        """Take a row of ``account_review.v2`` in."""
        self.whole.add(row)
        if row["decision"] != KEPT:
            self.carried_out.add(row)
        elif row["flags"]:
            self.standing_out.add(row)
        if unproven(row):
            self.unproven.add(row)
        if row["decided_by"] == "rule":
            self.by_rule.add(row)
        self._count(row)
        for slot in ("reviewer", "second"):
            self._decided(row, slot)

    def _count(self, row: Row) -> None:
        add = self._counts.update
        add([("decisions", row["decision"]), ("since_last", row["since_last"] or "not told")])
        add([("late", "") for _ in range(not row["decided_in_time"])])
        add([("how", row[name]) for name in ("reviewer_how", "second_how") if row[name]])
        add([("second", name) for name, true in (("asked", row["second_asked"]), ("decided", row["second_reviewer"])) if true])
        for flag in (row["flags"] or "").split():
            add([("found", flag), (f"found {row['decision']}", flag)])
        add([("unknown", flag) for flag in (row["flags_unknown"] or "").split()])
        add([("revoked_before", {True: "there again", False: "not", None: "not told"}[row["revoked_before"]])])
        if row["decision"] != KEPT:
            add([("tickets", "") for _ in range(row["ticket"] is not None)])
            add([("proof", row["proof"]), ("in_time", {True: "yes", False: "no", None: "unknown"}[row["carried_out_in_time"]])])

    def _decided(self, row: Row, slot: str) -> None:
        person = row["reviewer"] if slot == "reviewer" else row["second_reviewer"]
        if person is None:
            return
        own = "" if slot == "reviewer" else "second_"
        relation = row[f"{slot}_relation"]
        said = Decided(
            person=person,
            decision=row[f"{slot}_decision"],
            at=row[f"{slot}_decided_at"],
            batch=row[f"{own}batch"],
            dwell_ms=row[f"{own}dwell_ms"],
            relation=relation and Relation(relation),
        )
        self.together.add(said)
        self.people.setdefault(person, Facts()).add(said)

    def _of(self, kind: str) -> dict[str, int]:
        return {name: count for (each, name), count in sorted(self._counts.items()) if each == kind}

    def as_document(self, most: int) -> dict[str, Any]:
        """Return it as JSON values without floats.

        Args:
            most: Entries of each listing; it states how many there are all the same.
        """
        counts = self._counts
        people = sorted(self.people.items(), key=lambda each: (-each[1].decisions.total(), each[0]))
        return {
            "items": self.whole.count,
            "decisions": {name: counts["decisions", name] for name in DECISIONS},
            "by_rule": self.by_rule.count,
            "late": counts["late", ""],
            "how": self._of("how"),
            "second": {"asked": counts["second", "asked"], "decided": counts["second", "decided"]},
            "flags": {name: self._flag(name) for name in self.flags},
            "since_last": self._of("since_last"),
            "revoked_before": self._of("revoked_before"),
            "carried_out": {
                "asked": self.carried_out.count,
                "tickets": counts["tickets", ""],
                "proof": self._of("proof"),
                "in_time": counts["in_time", "yes"],
                "not_in_time": counts["in_time", "no"],
                "not_determinable": counts["in_time", "unknown"],
            },
            "quality": self.together.as_document(),
            "reviewers": [{"person": person, **facts.as_document()} for person, facts in people[:most]],
            "reviewers_count": len(people),
            "unproven": _listing(self.unproven, most),
            "kept_though_standing_out": _listing(self.standing_out, most),
            "decided_by_rule": _listing(self.by_rule, most),
        }

    def _flag(self, name: str) -> dict[str, int]:
        decided = {each: self._counts[f"found {each}", name] for each in DECISIONS}
        return {"found": self._counts["found", name], **decided, "unknown": self._counts["unknown", name]}


def _listing(listed: Listed, most: int) -> dict[str, Any]:
    names = ("item", "account", "entitlement")
    rows = [
        {
            **{name: shortened(row[name]) for name in names},
            "decision": row["decision"],
            "flags": row["flags"],
            "words": unproven(row),
        }
        for row in listed.rows[:most]
    ]
    return {"count": listed.count, "rows": rows}
