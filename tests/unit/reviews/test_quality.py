# SPDX-License-Identifier: Apache-2.0
"""Facts about how a review was answered: relations by the roster, time for one decision, how many at once, share kept."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import rfc8785
from tests.unit.reviews.world import READ_AT, person

from tieout.reviews.quality import Decided, Relation, Relations, facts_of

RELATIONS = Relations(
    [
        person("ann", "mia"), person("ben", "mia", department="Sales"), person("mia", "max", department="Board"),
        person("max", None, department=None), person("dan", None), person("eva", "zoe", department=None),
        person("fay", None, department=None),
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("reviewer", "holder", "relation"),
    [
        ("ann", "ANN", Relation.HOLDER),
        ("zoe", "zoe", Relation.HOLDER),
        ("mia", "ann", Relation.MANAGER),
        ("ann", "mia", Relation.REPORT),
        ("ben", "ann", Relation.SAME_MANAGER),
        ("dan", "ann", Relation.SAME_DEPARTMENT),
        ("max", "ann", Relation.NONE),
        ("eva", "fay", Relation.NONE),
        ("zoe", "ann", None),
        ("ann", "zoe", None),
        ("ann", None, None),
        (None, "ann", None),
    ],
)
def test_a_relation_is_the_closest_that_the_roster_tells(
    reviewer: str | None, holder: str | None, relation: Relation | None
) -> None:
    one, other = (name and f"{name}@Example.com" for name in (reviewer, holder))
    assert RELATIONS.between(one, other) is relation


def decided(
    person: str = "mia", decision: str = "keep", *, batch: int = 10, dwell_ms: int | None = 5000, at: datetime = READ_AT,
    relation: Relation | None = None,
) -> Decided:  # fmt: skip
    """Return a decision, one of ten that took five seconds together."""
    return Decided(person, decision, at, batch, dwell_ms, relation)


def test_facts_are_counted_for_all_together_and_for_each_person() -> None:
    later = READ_AT + timedelta(hours=1)
    together, persons = facts_of(
        [
            decided("zoe", "revoke", batch=1, dwell_ms=9000, at=later, relation=Relation.MANAGER),
            *[decided() for _ in range(9)], decided(decision="change", dwell_ms=None, relation=Relation.MANAGER),
        ]
    )  # fmt: skip
    assert list(persons) == ["mia", "zoe"]
    assert together.as_document() == {
        "decisions": 11, "keep": 9, "revoke": 1, "change": 1, "kept_per_mille": 818,
        "measured": 10, "median_ms": 500, "shortest_ms": 500, "largest_batch": 10,
        "relations": {"manager of the holder": 2, "not told": 9},
        "first_at": "2026-04-01T06:00:00.000000Z", "last_at": "2026-04-01T07:00:00.000000Z",
    }  # fmt: skip
    assert persons["mia"].share_kept == 0.9
    assert persons["zoe"].as_document()["median_ms"] == 9000
    assert persons["zoe"].batches == {1: 1}


def test_without_a_decision_nothing_is_said_and_it_can_be_signed() -> None:
    together, persons = facts_of([])
    document = together.as_document()
    assert (document["kept_per_mille"], document["median_ms"], document["largest_batch"], persons) == (None, None, None, {})
    assert rfc8785.dumps(document)
