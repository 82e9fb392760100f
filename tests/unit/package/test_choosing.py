# SPDX-License-Identifier: Apache-2.0
"""Which objects belong to a package: those of its period by label or by time, and what belongs to none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tieout.evidence.store import ObjectVersion
from tieout.package.choosing import choose, slots_within

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
OURS, MOVED, OTHER = (f"observation_period={label}/control=c" for label in ("2026-H1", "2025-H2", "2024-H1"))
LANDINGS = {"a-1": f"{OURS}/window=2026-01", "b-1": f"{MOVED}/window=2025-12", "c-1": f"{OTHER}/window=2024-01"}


def row(landing: str, start: datetime, end: datetime) -> dict[str, Any]:
    return {"manifest_key": f"manifests/{LANDINGS[landing]}/{landing}.dsse.json", "effective_from": start, "effective_to": end}


def version(key: str, size: int = 1) -> ObjectVersion:
    return ObjectVersion(key, "v1", START, is_latest=True, is_delete_marker=False, size=size)


INDEX = [
    row("a-1", START, datetime(2026, 2, 1, tzinfo=UTC)),
    row("b-1", datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)),
    row("c-1", datetime(2024, 1, 1, tzinfo=UTC), START),
]
KEYS = {
    "held": [
        f"evidence/change_record/{OURS}/window=2026-01/a-1-00000.parquet",
        f"evidence/change_record/{MOVED}/window=2025-12/b-1-00000.parquet",
        f"manifests/{OURS}/window=2026-01/a-1.dsse.json",
        f"manifests/{MOVED}/window=2025-12/b-1.dsse.json",
        f"raw/{OURS}/a-1/page-00000.csv",
        f"raw/{MOVED}/b-1/page-00000.csv",
        f"responses/{OURS}/campaign/assignment/one.dsse.json",
        "digests/000000000000.dsse.json", "keys/root.dsse.json", "catalog/e/c/scope.yaml", "README.md", "stray.txt",
        "index/observation_period=2026-H1/000000000001.parquet",
    ],
    "elsewhere": [
        f"evidence/change_record/{OTHER}/window=2024-01/c-1-00000.parquet",
        f"manifests/{OTHER}/window=2024-01/c-1.dsse.json",
        f"raw/{OTHER}/c-1/page-00000.csv",
        f"responses/{OTHER}/campaign/assignment/one.dsse.json",
        "index/observation_period=2025-H2/000000000001.parquet",
    ],
}  # fmt: skip


def test_a_slot_belongs_where_any_of_its_time_lies_in_the_period() -> None:
    assert slots_within(INDEX, START, END) == {LANDINGS["a-1"], LANDINGS["b-1"]}


def test_what_is_of_the_period_by_label_or_time_is_held_and_so_is_what_is_of_none() -> None:
    versions = [version(key) for keys in KEYS.values() for key in keys]
    found = choose(versions, "2026-H1", slots_within(INDEX, START, END), LANDINGS, by_reference=False)
    assert [each.key for each in found.held] == KEYS["held"]
    assert (found.referred, found.elsewhere) == ((), len(KEYS["elsewhere"]))


def test_single_documents_of_other_labels_come_where_the_package_speaks_of_them() -> None:
    spoken_of = f"responses/{OTHER}/campaign/assignment/one.dsse.json"
    found = choose([version(key) for key in KEYS["elsewhere"]], "2026-H1", set(), LANDINGS, {spoken_of}, by_reference=False)
    assert [each.key for each in found.held] == [spoken_of]


def test_large_objects_are_named_only_where_that_is_asked_for() -> None:
    found = choose(
        [version(key) for key in KEYS["held"]], "2026-H1", slots_within(INDEX, START, END), LANDINGS, by_reference=True
    )
    assert {each.key.partition("/")[0] for each in found.referred} == {"evidence", "raw"}
    assert len(found.referred) == 4
    assert len(found.held) + len(found.referred) == len(KEYS["held"])
