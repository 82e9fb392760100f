# SPDX-License-Identifier: Apache-2.0
"""What a legal hold is about, and that its record tells the truth wherever it is interrupted; the store is in integration/."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tieout.errors import ConfigurationError, StoreUnavailable
from tieout.evidence.holds import hold, objects_of
from tieout.evidence.layout import Place
from tieout.evidence.store import ObjectVersion, S3Store

LANDING = "shop_csv-" + "0" * 32
OTHER = "shop_git-" + "0" * 32
MARCH, APRIL = Place("2026-H1", "cc8_1", "2026-03"), Place("2026-H1", "cc8_1", "2026-04")
OF_LANDING = [
    MARCH.part("change_record", LANDING, 0),
    MARCH.part("rule_result", LANDING, 0),
    MARCH.manifest(LANDING),
    MARCH.raw(LANDING, "page-00000.csv.zst"),
]
OF_SLOT = [
    *OF_LANDING,
    MARCH.part("change_record", OTHER, 0),
    APRIL.manifest(OTHER),
    APRIL.raw("shop_csv-" + "1" * 32, "page-00000.csv.zst"),
    APRIL.record("shop_csv-" + "2" * 32),
    APRIL.response("campaign", "assignment", "response"),
]
ELSEWHERE = [
    Place("2026-H2", "cc8_1", "2026-03").manifest(LANDING),
    Place("2026-H1", "cc8_10", "2026-03").manifest(LANDING),
    "keys/root.dsse.json",
    "digests/000000000000.dsse.json",
]


def version(key: str, version_id: str = "v1", *, marker: bool = False) -> ObjectVersion:
    return ObjectVersion(key, version_id, datetime(2026, 7, 1, tzinfo=UTC), True, marker, 1)


def test_a_control_in_a_period_is_all_that_stands_under_both() -> None:
    found = objects_of(map(version, [*OF_SLOT, *ELSEWHERE]), "2026-H1", "cc8_1")
    assert found == sorted((key, "v1") for key in OF_SLOT)


def test_a_landing_is_its_parts_its_pages_and_its_manifest() -> None:
    found = objects_of(map(version, [*OF_SLOT, *ELSEWHERE]), "2026-H1", "cc8_1", LANDING)
    assert found == sorted((key, "v1") for key in OF_LANDING)


def test_what_shadows_an_object_is_held_too_and_a_marker_is_not() -> None:
    key = OF_LANDING[0]
    versions = [version(key, "v1"), version(key, "v2"), version(key, "v3", marker=True)]
    assert objects_of(versions, "2026-H1", "cc8_1") == [(key, "v1"), (key, "v2")]


class Holds(S3Store):
    """A store whose holds are a set, and that breaks at an object."""

    def __init__(self, breaks_at: str = "") -> None:
        super().__init__(None, "bucket")
        self.held = {(key, "v1") for key in OF_LANDING} if breaks_at == "off" else set()
        self.breaks_at = breaks_at

    def set_legal_hold(self, key: str, version_id: str, *, on: bool) -> None:
        if key == self.breaks_at:
            raise StoreUnavailable(key)
        (self.held.add if on else self.held.discard)((key, version_id))


@pytest.mark.parametrize("on", [True, False])
def test_each_hold_and_each_release_is_recorded_with_keys_and_reason(*, on: bool) -> None:
    store, recorded = Holds("" if on else "off"), []
    both = [(OF_LANDING[0], "v1"), (OF_LANDING[0], "v2"), (OF_LANDING[2], "v1")]
    hold(store, both, on, "Case 12", lambda keys, reason: recorded.append((keys, reason, len(store.held))))
    # A hold is recorded once it is in force, a release before it takes place.
    assert recorded == [([OF_LANDING[0], OF_LANDING[2]], "Case 12", 3 if on else 4)]


def test_a_hold_that_is_interrupted_is_not_recorded() -> None:
    with pytest.raises(StoreUnavailable):
        hold(Holds(OF_LANDING[2]), [(key, "v1") for key in OF_LANDING], True, "Case 12", pytest.fail)


def test_a_release_without_its_record_does_not_take_place() -> None:
    def fails(keys: list[str], reason: str) -> None:
        raise StoreUnavailable(reason)

    store = Holds("off")
    with pytest.raises(StoreUnavailable, match="Case 12"):
        hold(store, [(key, "v1") for key in OF_LANDING], False, "Case 12", fails)
    assert len(store.held) == 4


def test_a_hold_has_a_reason() -> None:
    with pytest.raises(ConfigurationError, match="expected a reason, got an empty one"):
        hold(Holds(), [], True, " ", pytest.fail)
