# SPDX-License-Identifier: Apache-2.0
"""Probes against a store that guards nothing: what they send leaves it as it was, and what they say is what came of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.evidence.doctor_facts import SSE, TARGET

from tieout.evidence.doctor import Check, Clients, Outcome
from tieout.evidence.doctor.probes import run_probes
from tieout.settings import Settings

NOW = datetime(2026, 11, 24, tzinfo=UTC)
UNTIL = NOW + timedelta(days=900)
AWS = "https://s3.eu-central-1.amazonaws.com"


class Refused(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


class LaxStore:
    """An S3 client that lets everything through, but for the codes it is told to answer; it records what it was sent."""

    def __init__(self, endpoint: str, *, mode: str = "COMPLIANCE", **answers: str) -> None:
        self.meta = SimpleNamespace(endpoint_url=endpoint)
        self.answers = answers
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.lock = {"Mode": mode, "RetainUntilDate": UNTIL}
        self.locks = [UNTIL]

    def __getattr__(self, call: str) -> Any:
        def answer(**arguments: Any) -> dict[str, Any]:
            self.sent.append((call, arguments))
            if call in self.answers:
                raise Refused(self.answers[call])
            if call == "put_object_retention":
                self.lock = arguments["Retention"]
                self.locks.append(arguments["Retention"]["RetainUntilDate"])
            listed = {"Versions": [{"Key": "evidence/x", "VersionId": "1"}]} if call == "list_object_versions" else {}
            return {"Retention": dict(self.lock), "UploadId": "u", **listed}

        return answer

    def calls(self, name: str) -> list[dict[str, Any]]:
        return [arguments for call, arguments in self.sent if call == name]


def probe(store: LaxStore, kms: LaxStore | None = None, **keys: str) -> dict[str, Check]:
    clients = Clients(s3=store, kms=kms, iam=None, cloudtrail=None, sts=None)
    target = replace(TARGET, keys={**TARGET.keys, **keys})
    return {check.name: check for check in run_probes(clients, target, Settings(), NOW)}


def test_no_put_can_be_stored_and_each_differs_from_the_right_one_in_one_thing() -> None:
    store = LaxStore(AWS, put_object="BadDigest")
    checks = probe(store)
    puts = store.calls("put_object")
    assert all({"ContentMD5", "ChecksumSHA256"} <= put.keys() for put in puts)
    assert all(put["Key"].rpartition("/")[2].startswith("doctor-probe-") for put in puts)
    right, changed = puts[0], puts[8:]
    assert (right["IfNoneMatch"], right["ObjectLockMode"], right["SSEKMSKeyId"]) == ("*", "COMPLIANCE", SSE)
    differences = [{name for name in {*right, *put} - {"Key"} if right.get(name) != put.get(name)} for put in changed]
    date = "ObjectLockRetainUntilDate"
    assert differences == [
        {"ObjectLockMode", date},
        {"ObjectLockMode"},
        {date},
        {date},
        {"ServerSideEncryption", "SSEKMSKeyId"},
        {"IfNoneMatch", "IfMatch"},
    ]
    assert changed[2][date] < NOW + timedelta(days=365)
    assert changed[3][date] > NOW + timedelta(days=12 * 366)
    assert checks["probe: no lock"].outcome is Outcome.WEAKER


def test_a_store_that_refuses_only_the_wrong_puts_is_as_expected() -> None:
    store = LaxStore(AWS)

    def put(**arguments: Any) -> None:
        wrong = (
            arguments.get("ObjectLockMode") != "COMPLIANCE" or "IfNoneMatch" not in arguments or "SSEKMSKeyId" not in arguments
        )
        days = (arguments.get("ObjectLockRetainUntilDate", NOW) - NOW).days
        elsewhere = not arguments["Key"].startswith(("evidence/", "raw/", "manifests/", "catalog/"))
        raise Refused("AccessDenied" if wrong or elsewhere or not 365 <= days <= 4392 else "BadDigest")

    store.put_object = put
    checks = probe(store)
    names = ("right put", "no lock", "governance lock", "too short a lock", "too long a lock", "another encryption")
    assert {checks[f"probe: {name}"].outcome for name in (*names, "without If-None-Match")} == {Outcome.AS_EXPECTED}


def test_where_the_right_put_is_refused_a_refusal_proves_nothing() -> None:
    checks = probe(LaxStore(AWS, put_object="AccessDenied"))
    assert {checks[f"probe: {name}"].outcome for name in ("right put", "no lock", "too long a lock")} == {Outcome.CANNOT_CHECK}


def test_elsewhere_nothing_is_put_before_the_store_is_seen_to_compare_checksums() -> None:
    store = LaxStore("https://s3.example.com")
    checks = probe(store)
    assert [put["Bucket"] for put in store.calls("put_object")] == ["staging"]
    assert {"Bucket": "staging", "Key": store.calls("put_object")[0]["Key"]} in store.calls("delete_object")
    assert checks["probe: no lock"].found == "not tried: this store stores what does not have its checksum"
    careful = LaxStore("https://s3.example.com", put_object="BadDigest")
    assert probe(careful)["probe: no lock"].outcome is Outcome.WEAKER
    refusing = LaxStore("https://s3.example.com", put_object="AccessDenied")
    probe(refusing)
    assert [put["Bucket"] for put in refusing.calls("put_object")] == ["staging"]


@pytest.mark.parametrize(("endpoint", "conditional"), [(AWS, 1), ("https://s3.example.com", 0)])
def test_no_delete_can_leave_a_marker_or_take_a_version(endpoint: str, conditional: int) -> None:
    store = LaxStore(endpoint)
    probe(store)
    deletes = [delete for delete in store.calls("delete_object") if delete["Bucket"] == TARGET.bucket]
    assert all("doctor-probe-" in delete["Key"] for delete in deletes)
    assert all(delete.get("VersionId") == "null" or delete.get("IfMatch") == "*" for delete in deletes)
    assert sum("IfMatch" in delete for delete in deletes) == conditional


def test_an_upload_that_was_let_through_is_aborted() -> None:
    store = LaxStore(AWS)
    check = probe(store)["probe: upload in parts"]
    key = store.calls("create_multipart_upload")[0]["Key"]
    assert store.calls("abort_multipart_upload") == [{"Bucket": TARGET.bucket, "Key": key, "UploadId": "u"}]
    assert (check.outcome, check.found) == (Outcome.WEAKER, "done, and aborted")
    stuck = probe(LaxStore(AWS, abort_multipart_upload="AccessDenied"))["probe: upload in parts"]
    assert "abort u of evidence/doctor-probe-" in stuck.found


def test_a_lock_that_could_be_shortened_is_set_back_at_once() -> None:
    store = LaxStore(AWS)
    check = probe(store)["probe: shorten a lock"]
    assert store.locks == [UNTIL, UNTIL - timedelta(seconds=1), UNTIL]
    assert (check.outcome, check.found) == (Outcome.WEAKER, "done, and set back")


def test_a_lock_that_could_not_be_shortened_is_as_expected() -> None:
    assert probe(LaxStore(AWS, put_object_retention="AccessDenied"))["probe: shorten a lock"].outcome is Outcome.AS_EXPECTED


def test_a_governance_lock_is_never_touched() -> None:
    store = LaxStore(AWS, mode="GOVERNANCE")
    assert probe(store)["probe: shorten a lock"].outcome is Outcome.CANNOT_CHECK
    assert store.calls("put_object_retention") == []


@pytest.mark.parametrize(
    ("code", "outcome"), [("AccessDeniedException", Outcome.AS_EXPECTED), ("DryRunOperationException", Outcome.WEAKER)]
)
def test_a_raw_signature_is_asked_for_as_a_dry_run(code: str, outcome: Outcome) -> None:
    kms = LaxStore("https://kms", sign=code)
    check = probe(LaxStore(AWS), kms, landing="arn:landing")["probe: raw signature, landing key"]
    assert check.outcome is outcome
    [sent] = kms.calls("sign")
    assert (sent["MessageType"], sent["DryRun"], sent["KeyId"]) == ("RAW", True, "arn:landing")
