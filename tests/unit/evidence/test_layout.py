# SPDX-License-Identifier: Apache-2.0
"""The layout is a public contract: its keys are spelled out here, letter by letter."""

from __future__ import annotations

import pytest

from tieout.evidence import layout
from tieout.evidence.layout import Place, landing_of, manifest_prefix, staging_prefix

PLACE = Place("2026-H2", "cc8_1_change_management", "2026-10")
LANDING = f"github_web-{'0a' * 16}"
SLOT = "observation_period=2026-H2/control=cc8_1_change_management/window=2026-10"


def test_the_layout_is_version_1() -> None:
    assert layout.LAYOUT_VERSION == 1
    assert layout.KEY_LIST == "keys/root.dsse.json"


def test_every_key_of_a_landing() -> None:
    assert PLACE.partition == SLOT
    assert PLACE.part("change_record", LANDING, 7) == f"evidence/change_record/{SLOT}/{LANDING}-00007.parquet"
    assert PLACE.manifest(LANDING) == f"manifests/{SLOT}/{LANDING}.dsse.json"
    raw = f"raw/observation_period=2026-H2/control=cc8_1_change_management/{LANDING}/page-00000.json.zst"
    assert PLACE.raw(LANDING, "page-00000.json.zst") == raw
    assert staging_prefix(PLACE, LANDING) == f"{SLOT}/{LANDING}/"


def test_a_part_number_past_five_digits_still_gives_a_key_of_its_own() -> None:
    assert PLACE.part("t", LANDING, 123_456).endswith(f"{LANDING}-123456.parquet")


def test_the_prefix_of_a_systems_manifests_holds_its_own_and_not_those_of_a_system_that_starts_alike() -> None:
    prefix = PLACE.manifests_of("github")
    assert PLACE.manifest(f"github-{'0' * 32}").startswith(prefix)
    assert not PLACE.manifest(f"github_web-{'0' * 32}").startswith(prefix)


@pytest.mark.parametrize(
    ("period", "control", "expected"),
    [
        (None, None, "manifests/"),
        ("2026-H2", None, "manifests/observation_period=2026-H2/"),
        ("2026-H2", "cc8_1", "manifests/observation_period=2026-H2/control=cc8_1/"),
    ],
)
def test_manifest_prefix_ends_at_a_folder(period: str | None, control: str | None, expected: str) -> None:
    assert manifest_prefix(period, control) == expected


@pytest.mark.parametrize("key", [PLACE.manifest(LANDING), PLACE.part("t", LANDING, 0), PLACE.part("t", LANDING, 99_999)])
def test_landing_of_reads_the_landing_from_manifest_and_part(key: str) -> None:
    assert landing_of(key) == LANDING


@pytest.mark.parametrize("key", ["evidence/t/stray.parquet", "evidence/t/", "evidence/t/a-b"])
def test_landing_of_a_key_of_no_landing_is_no_landing(key: str) -> None:
    assert landing_of(key) != LANDING
