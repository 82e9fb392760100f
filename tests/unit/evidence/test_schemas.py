# SPDX-License-Identifier: Apache-2.0
"""The published schemas: what the library signs follows them, and one field more or less does not."""

from __future__ import annotations

import base64
import copy as copies
import json
from importlib.resources import files
from typing import Any

import jsonschema_rs
import pytest
from tests.unit.evidence.signed_copy import BUCKET, PLACES, RETENTION, SignedCopy, Statement
from tests.unit.evidence.test_records import RECORD

from tieout.errors import CannotCheck
from tieout.evidence.layout import KEY_LIST, digest_key
from tieout.evidence.records import build_record
from tieout.evidence.schemas import check_document

SCHEMAS = ("digest.v1", "key_list.v1", "key_list_request.v1", "known_list.v1", "landing_manifest.v1", "record.v1", "response.v1")
Steps = tuple[str | int, ...]


def schema(name: str) -> dict[str, Any]:
    return dict(json.loads(files("tieout.evidence.schemas").joinpath(f"{name}.schema.json").read_bytes()))


def objects(document: Any, at: Steps = ()) -> list[Steps]:
    """Return where the objects of a document stand, but for those that the schema leaves open."""
    if isinstance(document, dict):
        open_ended = at[-1:] in (("ipe",), ("code",), ("facts",), ("answer",), ("channel",))
        return [] if open_ended else [at, *(step for name in document for step in objects(document[name], (*at, name)))]
    if isinstance(document, list):
        return [step for number, entry in enumerate(document) for step in objects(entry, (*at, number))]
    return []


def inside(document: Any, steps: Steps) -> Any:
    for step in steps:
        document = document[step]
    return document


@pytest.fixture
def manifest(template: SignedCopy) -> Statement:
    statement = template.statement()
    statement["predicate"]["rule_results"] = [
        {
            "rule": "r",
            "name": "n",
            "kind": "control",
            "expectation": "e",
            "result": "not met",
            "met": 1,
            "not_met": 2,
            "not_determinable": 3,
            "observed": None,
        }
    ]
    statement["predicate"]["supersedes"] = {"landing": "l", "manifest_sha256": "a" * 64, "reason": "why"}
    return statement


def refused(document: Statement, name: str = "landing_manifest.v1") -> str:
    with pytest.raises(CannotCheck) as caught:
        check_document(name, document, "doc")
    return str(caught.value)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_carries_its_own_name(name: str) -> None:
    jsonschema_rs.meta.validate(schema(name))
    assert schema(name)["$id"] == f"urn:tieout:schema:{name.replace('.', ':')}"


@pytest.fixture
def documents(template: SignedCopy, manifest: Statement) -> dict[str, Statement]:
    """Return one whole document of each kind, as the library signs it."""
    sealed = build_record(RECORD, BUCKET, RETENTION, template.keys.landing)
    place = PLACES[0]
    asserted = {"at": "2026-11-02T06:00:00.000000Z", "attested_by": "asserted by the entity"}
    response = {
        "version": 1,
        "bucket": BUCKET,
        "key": place.response("campaign", "assignment", "response"),
        "response": "response",
        "observation_period": place.observation_period,
        "control": place.control,
        "campaign": "campaign",
        "assignment": "assignment",
        "population": {"landing": "l", "manifest_sha256": "a" * 64},
        "person": "person-1",
        "answer": {"decision": "keep"},
        "presented_sha256": None,
        "channel": {"kind": "slack", "signature_checked": True},
        "acted_at": asserted,
        "stored_at": asserted,
        "retention": {"mode": "COMPLIANCE", "retain_until": "2034-01-05T00:00:00.000000Z"},
    }
    return {
        "digest.v1": template.statement(digest_key(1)),
        "key_list.v1": template.statement(KEY_LIST),
        "landing_manifest.v1": manifest,
        "record.v1": dict(json.loads(base64.b64decode(json.loads(sealed)["payload"]))),
        "response.v1": response,
    }


def test_every_schema_file_is_known_here() -> None:
    found = {path.name for path in files("tieout.evidence.schemas").iterdir() if path.name.endswith(".json")}
    assert found == {f"{name}.schema.json" for name in SCHEMAS}


def test_what_the_library_signs_follows_its_schemas(template: SignedCopy, documents: dict[str, Statement]) -> None:
    for name, document in documents.items():
        check_document(name, document, "doc")
    for key in template.manifests:
        check_document("landing_manifest.v1", template.statement(key), key)


def test_no_object_takes_an_unknown_field(documents: dict[str, Statement]) -> None:
    for name, document in documents.items():
        places = objects(document)
        assert len(places) > 3
        for steps in places:
            changed = copies.deepcopy(document)
            inside(changed, steps)["unknown"] = 1
            assert refused(changed, name), steps


def test_no_object_does_without_a_field(documents: dict[str, Statement]) -> None:
    for name, document in documents.items():
        for steps in objects(document):
            for field in inside(document, steps):
                changed = copies.deepcopy(document)
                del inside(changed, steps)[field]
                assert refused(changed, name), (*steps, field)


@pytest.mark.parametrize(
    "key",
    [
        "evidence/../keys/root.dsse.json",
        "evidence/t/..",
        "evidence/./part",
        "../evidence/t",
        "/evidence/t",
        "evidence/",
        "keys/root.dsse.json",
        "evidence/a\\b",
        "evidence/a b",
        "evidence/a\n",
        "evidence/a%2e%2e",
        "evidence/é",
        "raw/" + "a" * 1024,
    ],
)
def test_a_subject_stands_in_evidence_or_raw_and_nowhere_else(manifest: Statement, key: str) -> None:
    manifest["subject"][0]["name"] = key
    assert "subject/0/name" in refused(manifest)


@pytest.mark.parametrize("key", ["evidence/..t/a..b/...", "raw/a=b/c_d-e.json.zst"])
def test_dots_inside_a_name_lead_nowhere(manifest: Statement, key: str) -> None:
    manifest["subject"][0]["name"] = key
    check_document("landing_manifest.v1", manifest, "doc")


@pytest.mark.parametrize(
    ("steps", "value"),
    [
        (("_type",), "https://in-toto.io/Statement/v0.1"),
        (("predicateType",), "urn:tieout:landing:v2"),
        (("subject",), []),
        (("subject", 0, "digest", "sha256"), "A" * 64),
        (("subject", 0, "digest", "sha256"), "zz"),
        (("subject", 0, "annotations", "version_id"), ""),
        (("subject", 0, "annotations", "rows"), -1),
        (("subject", 0, "annotations", "rows"), 1.5),
        (("subject", 0, "annotations", "role"), "other"),
        (("predicate", "layout_version"), 2),
        (("predicate", "landing"), "github-0"),
        (("predicate", "extraction", "state"), "early"),
        (("predicate", "population", "rows"), "7"),
        (("predicate", "population", "rows"), True),
        (("predicate", "population", "encoding"), "tieout-rows-2"),
        (("predicate", "retention", "mode"), "NONE"),
        (("predicate", "retention", "retain_until"), "2034-01-05"),
        (("predicate", "times", "landed_at", "at"), "2026-11-02T06:00:00.000000+00:00"),
        (("predicate", "times", "landed_at", "at"), "2026-11-02T06:00:00Z"),
        (("predicate", "supersedes", "reason"), ""),
        (("predicate", "rule_results", 0, "result"), "pass"),
    ],
    ids=str,
)
def test_a_value_out_of_place_is_refused_with_its_place(manifest: Statement, steps: Steps, value: object) -> None:
    inside(manifest, steps[:-1])[steps[-1]] = value
    place = "/".join(map(str, steps[:2]))
    assert refused(manifest).startswith(f"doc: {place}")


def test_a_huge_value_does_not_flood_the_message(manifest: Statement) -> None:
    manifest["predicate"]["landing"] = "x" * 1_000_000
    assert len(refused(manifest)) < 500


def test_a_value_too_deep_to_be_told_is_refused(manifest: Statement) -> None:
    deep: dict[str, Any] = {}
    for _ in range(900):
        deep = {"a": deep}
    manifest["predicate"]["unknown"] = deep
    assert refused(manifest).startswith("doc: ")
