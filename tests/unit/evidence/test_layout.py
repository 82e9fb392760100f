# SPDX-License-Identifier: Apache-2.0
"""The layout is a public contract: its keys are spelled out here, letter by letter."""

from __future__ import annotations

import json
import re

import jsonschema_rs
import pytest

from tieout.evidence import layout
from tieout.evidence.bucket import layout_document, readme
from tieout.evidence.layout import (
    Class,
    Place,
    class_of,
    digest_key,
    index_key,
    key_list_key,
    landing_of,
    partition_values,
    staging_prefix,
    time_stamp_key,
)

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


KEYS = {
    PLACE.part("thing", "github-0", 3): Class.PART,
    PLACE.manifest("github-0"): Class.MANIFEST,
    PLACE.record("github-0"): Class.RECORD,
    PLACE.raw("github-0", "page-00000.json.zst"): Class.RAW_PAGE,
    PLACE.response("campaign", "assignment", "response"): Class.RESPONSE,
    PLACE.presented("campaign", "assignment", "a" * 64): Class.PRESENTED,
    PLACE.file("campaign", "assignment", "a" * 64): Class.FILE,
    PLACE.file("campaign", "assignment", "A" * 64): Class.UNKNOWN,
    PLACE.file("campaign", "assignment", "a" * 64) + ".html": Class.UNKNOWN,
    digest_key(12): Class.DIGEST,
    time_stamp_key(12): Class.TIME_STAMP,
    index_key("2026-H2", 12): Class.INDEX,
    key_list_key(1): Class.KEY_LIST,
    key_list_key(2): Class.KEY_LIST,
    "catalog/1/abc/scope.yaml": Class.CATALOG,
    "README.md": Class.DOCUMENTATION,
    "LAYOUT.json": Class.DOCUMENTATION,
    "keys/root.pem": Class.UNKNOWN,
    "digests/1.dsse.json": Class.UNKNOWN,
    "manifests/x.dsse.json": Class.UNKNOWN,
    PLACE.manifest("github-0") + "/x": Class.UNKNOWN,
    "evidence/stray": Class.UNKNOWN,
}


@pytest.mark.parametrize(("key", "kind"), KEYS.items())
def test_a_key_tells_what_stands_there(key: str, kind: Class) -> None:
    assert class_of(key) is kind


def test_keys_are_those_of_the_published_layout() -> None:
    assert digest_key(12) == "digests/000000000012.dsse.json"
    assert index_key("2026-H2", 12) == "index/observation_period=2026-H2/000000000012.parquet"
    assert (key_list_key(1), key_list_key(2)) == ("keys/root.dsse.json", "keys/root-000002.dsse.json")
    assert partition_values(PLACE.manifest("x")) == {
        "observation_period": PLACE.observation_period,
        "control": PLACE.control,
        "window": PLACE.window,
    }


def test_the_bucket_says_itself_what_it_holds() -> None:
    layout = json.loads(layout_document())
    assert layout["layout_version"] == 1
    patterns = {entry["class"]: entry["key_pattern"] for entry in layout["objects"]}
    assert all(re.fullmatch(patterns[kind], key) for key, kind in KEYS.items() if kind is not Class.UNKNOWN)
    assert {entry["name"] for entry in layout["documents"]} == {"manifest", "record", "response", "digest", "key list"}
    for entry in layout["documents"]:
        jsonschema_rs.meta.validate(entry["schema"])
    for top in {key.split("/")[0] for key, kind in KEYS.items() if kind is not Class.UNKNOWN} - {"README.md"}:
        assert top.encode() in readme()


@pytest.mark.parametrize("key", [PLACE.manifest(LANDING), PLACE.part("t", LANDING, 0), PLACE.part("t", LANDING, 99_999)])
def test_landing_of_reads_the_landing_from_manifest_and_part(key: str) -> None:
    assert landing_of(key) == LANDING


@pytest.mark.parametrize("key", ["evidence/t/stray.parquet", "evidence/t/", "evidence/t/a-b"])
def test_landing_of_a_key_of_no_landing_is_no_landing(key: str) -> None:
    assert landing_of(key) != LANDING


def test_what_a_person_was_shown_stands_beside_the_answers() -> None:
    campaign, assignment = PLACE.responses_of("campaign"), PLACE.responses_of("campaign", "assignment")
    assert assignment.startswith(campaign)
    for key in (PLACE.response("campaign", "assignment", "response"), PLACE.presented("campaign", "assignment", "a" * 64)):
        assert key.startswith(assignment)
    assert not PLACE.response("campaign", "assignment-2", "response").startswith(assignment)
