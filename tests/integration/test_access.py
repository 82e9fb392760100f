# SPDX-License-Identifier: Apache-2.0
"""Auditors' access over a real store: links that work for one version and expire, uses that verify, and policies that hold."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.integration.access_scene import ANN, OTHER, PERIOD, Scene, client_of, now, running_scene
from tests.stack import CONTROL, merge, write_csv
from tieout.desks.access_desk import Given
from tieout.desks.desk import Refused
from tieout.errors import ConfigurationError
from tieout.evidence.layout import Class, class_of
from tieout.evidence.sources import Bucket
from tieout.evidence.store import S3Store
from tieout.evidence.verify import Outcome, Question, verify
from tieout.flows.access import read_accesses
from tieout.local.installation import EVIDENCE_BUCKET

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Scene]:
    with running_scene(tmp_path_factory.mktemp("access"), repository) as running:
        yield running


def fetch(url: str) -> tuple[int, bytes, dict[str, str]]:
    """Ask for an address as a browser does."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read(), {name.lower(): value for name, value in answer.headers.items()}
    except urllib.error.HTTPError as error:
        with error:
            return error.code, b"", {}


@pytest.mark.parametrize("what", ["manifest", "part", "raw page"])
def test_a_link_gives_the_version_that_landed_to_be_saved(scene: Scene, what: str) -> None:
    key = scene.objects()[what][0]
    given = scene.link(key)
    status, data, headers = fetch(given.link.url)
    assert status == 200
    assert headers["content-disposition"] == "attachment"
    assert data == scene.store.bucket("auditor").read(key, given.shown.version_id)
    assert given.shown.sha256 in (None, hashlib.sha256(data).hexdigest())
    said = parse_qs(urlsplit(given.link.url).query)
    assert (said["X-Amz-Expires"], said["versionId"]) == (["300"], [given.shown.version_id])
    assert timedelta(seconds=290) < given.link.valid_until - now() <= timedelta(seconds=300)


def test_a_later_version_that_shadows_is_not_what_a_link_gives(scene: Scene) -> None:
    write_csv(scene.store.stack.installation.home / "include" / "samples" / "three.csv", [merge(3, "2026-04-05")])
    landing = scene.store.land("shop_csv", "2026-04", path="include/samples/three.csv").landing
    shown = scene.desk.objects(PERIOD, CONTROL, landing)
    assert not isinstance(shown, Refused)
    part = next(each for each in shown if each.what == "part")
    lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": now() + timedelta(days=400)}
    scene.store.client("admin").put_object(Bucket=EVIDENCE_BUCKET, Key=part.key, Body=b"1", **lock)
    assert len(scene.store.bucket().versions(part.key)) == 2
    given = scene.desk.link(ANN, "examination", (PERIOD, CONTROL, landing), part.key)
    assert isinstance(given, Given)
    status, data, _ = fetch(given.link.url)
    assert (status, hashlib.sha256(data).hexdigest()) == (200, part.sha256)


def test_a_link_is_for_its_key_its_version_its_time_and_reading_alone(scene: Scene) -> None:
    first, second = scene.objects()["part"][0], scene.objects()["raw page"][0]
    url = scene.link(first).link.url
    assert fetch(url)[0] == 200
    parts = urlsplit(url)
    other = parts._replace(path=f"/{EVIDENCE_BUCKET}/{second.replace('=', '%3D')}").geturl()
    version = scene.link(second).shown.version_id
    changed = [
        other,
        url.replace(parse_qs(parts.query)["versionId"][0], version),
        url.replace("versionId=", "x-versionId="),
        url.replace("X-Amz-Expires=300", "X-Amz-Expires=3000"),
        url.replace("response-content-disposition=attachment", "response-content-disposition=inline"),
    ]
    assert [fetch(each)[0] for each in changed] == [403] * 5
    request = urllib.request.Request(url, method="DELETE")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    with refused.value:
        assert refused.value.code == 403


def test_a_key_of_another_landing_or_period_is_refused_and_nothing_is_recorded(scene: Scene) -> None:
    before = len(list(read_accesses(Bucket(scene.store.bucket("auditor")), None)))
    place = (PERIOD, CONTROL, scene.landings[PERIOD])
    for key in (*scene.objects(OTHER)["part"], *scene.objects(OTHER)["manifest"], "keys/root.dsse.json", "none"):
        assert isinstance(scene.desk.link(ANN, "examination", place, key), Refused)
    elsewhere = (OTHER, CONTROL, scene.landings[OTHER])
    assert isinstance(scene.desk.link(ANN, "examination", elsewhere, scene.objects(OTHER)["part"][0]), Refused)
    assert isinstance(scene.desk.link("ben@firm.example", "examination", place, scene.objects()["part"][0]), Refused)
    assert len(list(read_accesses(Bucket(scene.store.bucket("auditor")), None))) == before


def test_uses_are_intact_to_verification_before_and_after_a_digest(scene: Scene) -> None:
    given = scene.link(scene.objects()["manifest"][0])
    for _ in range(2):
        report = scene.store.verify()
        found = {each.key: each for each in report.items}
        assert found[given.stored.key].outcome is Outcome.INTACT
        assert class_of(given.stored.key) is Class.RESPONSE
        scene.store.seal()
    lock = scene.store.bucket("auditor").lock(given.stored.key, scene.store.bucket().versions(given.stored.key)[0].version_id)
    assert lock is not None
    assert lock.mode == "COMPLIANCE"
    recorded = {each.key: each for each in read_accesses(Bucket(scene.store.bucket("auditor")), scene.desk.keys())}
    assert recorded[given.stored.key].checked
    assert all(each.problem is None for each in recorded.values())


def test_the_identity_that_signs_links_lists_nothing_and_writes_nothing(scene: Scene) -> None:
    client = scene.store.client("links")
    for refused in (
        lambda: client.list_objects_v2(Bucket=EVIDENCE_BUCKET),
        lambda: client.list_object_versions(Bucket=EVIDENCE_BUCKET, Prefix="raw/"),
        lambda: client.put_object(Bucket=EVIDENCE_BUCKET, Key="responses/x", Body=b"1"),
        lambda: client.delete_object(Bucket=EVIDENCE_BUCKET, Key=scene.objects()["part"][0]),
    ):
        with pytest.raises(ClientError) as caught:
            refused()
        assert caught.value.response["Error"]["Code"] == "AccessDenied"


READS: dict[str, Callable[[Any, str, str], Any]] = {
    "get": lambda client, key, _: client.get_object(Bucket=EVIDENCE_BUCKET, Key=key)["Body"].read(),
    "get version": lambda client, key, version: client.get_object(Bucket=EVIDENCE_BUCKET, Key=key, VersionId=version)[
        "Body"
    ].read(),
    "head": lambda client, key, version: client.head_object(Bucket=EVIDENCE_BUCKET, Key=key, VersionId=version),
    "lock": lambda client, key, version: client.get_object_retention(Bucket=EVIDENCE_BUCKET, Key=key, VersionId=version),
}
LISTS: dict[str, Callable[[Any, str], Any]] = {
    "list": lambda client, prefix: client.list_objects_v2(Bucket=EVIDENCE_BUCKET, Prefix=prefix),
    "list versions": lambda client, prefix: client.list_object_versions(Bucket=EVIDENCE_BUCKET, Prefix=prefix),
}
WRITES: dict[str, Callable[[Any, str], Any]] = {
    "put": lambda client, key: client.put_object(Bucket=EVIDENCE_BUCKET, Key=f"{key}x", Body=b"1"),
    "put over": lambda client, key: client.put_object(Bucket=EVIDENCE_BUCKET, Key=key, Body=b"1"),
    "delete": lambda client, key: client.delete_object(Bucket=EVIDENCE_BUCKET, Key=key),
    "other bucket": lambda client, _: client.list_objects_v2(Bucket="tieout-staging"),
    "bucket policy": lambda client, _: client.put_bucket_policy(Bucket=EVIDENCE_BUCKET, Policy="{}"),
}


def refused(ask: Callable[[], Any]) -> bool:
    """Return whether the store refuses a request."""
    try:
        ask()
    except ClientError as error:
        return error.response["Error"]["Code"] in ("AccessDenied", "403")
    return False


@pytest.fixture(params=["granted", "granted-all-names"])
def auditor(request: pytest.FixtureRequest, scene: Scene) -> Any:
    """Return a client that may do what a grant's policy says, and nothing else."""
    return client_of(scene.store, f"{request.param}-key", f"{request.param}-secret")


@pytest.mark.parametrize("read", READS)
def test_a_policy_lets_every_object_of_the_period_be_read_and_none_of_another(scene: Scene, auditor: Any, read: str) -> None:
    scene.link(scene.objects()["manifest"][0])
    scene.store.seal()
    bucket = scene.store.bucket("auditor")
    listed = bucket.keys("")
    mine = [key for key in listed if f"observation_period={PERIOD}/" in key or "observation_period" not in key]
    others = [key for key in listed if f"observation_period={OTHER}/" in key]
    assert {key.split("/")[0] for key in mine} >= {"evidence", "manifests", "raw", "responses", "index", "keys", "digests"}
    assert {key.split("/")[0] for key in others} >= {"evidence", "manifests", "raw", "index"}

    def version(key: str) -> str:
        return next(each.version_id for each in bucket.versions(key) if each.key == key)

    assert [key for key in mine if refused(lambda: READS[read](auditor, key, version(key)))] == []  # noqa: B023
    assert [key for key in others if not refused(lambda: READS[read](auditor, key, version(key)))] == []  # noqa: B023


@pytest.mark.parametrize("listing", LISTS)
def test_a_policy_lets_names_be_listed_below_the_periods_alone(scene: Scene, listing: str) -> None:
    narrow, whole = (client_of(scene.store, f"{name}-key", f"{name}-secret") for name in ("granted", "granted-all-names"))
    inside = [f"{folder}observation_period={PERIOD}/" for folder in ("manifests/", "raw/", "evidence/change_record/")]
    outside = ["", "manifests/", "evidence/", *(each.replace(PERIOD, OTHER) for each in inside), inside[0].rstrip("/")]
    assert not any(refused(lambda: LISTS[listing](narrow, prefix)) for prefix in (*inside, "keys/", "digests/"))  # noqa: B023
    assert all(refused(lambda: LISTS[listing](narrow, prefix)) for prefix in outside)  # noqa: B023
    assert not any(refused(lambda: LISTS[listing](whole, prefix)) for prefix in (*inside, *outside))  # noqa: B023


@pytest.mark.parametrize("write", WRITES)
def test_a_policy_lets_nothing_be_written_or_looked_at_elsewhere(scene: Scene, auditor: Any, write: str) -> None:
    assert refused(lambda: WRITES[write](auditor, scene.objects()["part"][0]))


def test_with_all_names_the_period_is_verified_in_the_bucket_and_no_other_can_be(scene: Scene) -> None:
    scene.store.seal()
    own = S3Store(client_of(scene.store, "granted-all-names-key", "granted-all-names-secret"), EVIDENCE_BUCKET)

    def outcomes(store: S3Store, period: str) -> dict[str, Outcome]:
        report = verify(Bucket(store), scene.store.root, question=Question(observation_period=period), now=now())
        return {each.key: each.outcome for each in report.items}

    mine = outcomes(own, PERIOD)
    assert mine == outcomes(scene.store.bucket("auditor"), PERIOD)
    assert Outcome.INTACT in {outcome for key, outcome in mine.items() if key.startswith("manifests/")}
    others = {key: outcome for key, outcome in outcomes(own, OTHER).items() if OTHER in key}
    assert set(others.values()) == {Outcome.CANNOT_CHECK}


def test_without_all_names_a_bucket_can_not_be_verified(scene: Scene) -> None:
    own = S3Store(client_of(scene.store, "granted-key", "granted-secret"), EVIDENCE_BUCKET)
    with pytest.raises(ConfigurationError, match="refused this identity"):
        verify(Bucket(own), scene.store.root, question=Question(observation_period=PERIOD), now=now())
