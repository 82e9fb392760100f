# SPDX-License-Identifier: Apache-2.0
"""Person ids from door to door: no address in the bucket, counts unchanged, and an erasure that changes no byte of evidence."""

from __future__ import annotations

import base64
import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from tests.stack import Store, merge, write_csv
from tieout.addresses import find
from tieout.commands.identity import identity
from tieout.evidence.identities import Erasure, IdentityTable, Person
from tieout.evidence.landing import LandingReference
from tieout.evidence.verify import Outcome
from tieout.local.demo import WINDOWS
from tieout.local.demo_report import Tally, tally
from tieout.local.installation import IDENTITY_BUCKET
from tieout.persons import PersonKey, load_person_key

pytestmark = pytest.mark.integration

DOORS = ("shop_csv", "shop_git")


@pytest.fixture(scope="module")
def named(own_store: Store) -> Store:
    """Return a store that lands with person ids, and in which both doors have landed the sample's half-year."""
    own_store.stack.build_samples(lambda _: None)
    store = own_store.with_identities()
    for window in WINDOWS:
        for door in DOORS:
            store.land(door, window)
    return store


def key_of(store: Store) -> PersonKey:
    return load_person_key(store.settings.identity_key)


def table_of(store: Store, who: str = "admin") -> IdentityTable:
    return IdentityTable.beside(store.bucket(who), store.settings)


def people_of(repository: Path) -> set[str]:
    """Return the addresses of the sample, read without the library; the half-year and what the git door reads around it."""
    with gzip.open(repository / "include/samples/protected_branch_merges.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row[role] for row in rows for role in ("author", "committer")} - {"web-merge"}


def plain(key: str, content: bytes) -> bytes:
    """Return everything that an object says, compression and encoding undone."""
    if key.endswith(".parquet"):
        columns = pq.read_table(pa.BufferReader(content)).to_pylist()
        return content + json.dumps(columns, default=str).encode()
    if key.endswith(".zst"):
        return bytes(pa.input_stream(pa.BufferReader(content), compression="zstd").read())
    if key.endswith(".dsse.json"):
        return content + base64.b64decode(json.loads(content)["payload"])
    return content


def everything(store: Store) -> dict[tuple[str, str], bytes]:
    """Return every version of the evidence bucket, by key and VersionId."""
    bucket = store.bucket("admin")
    return {
        (version.key, version.version_id): b"".join(bucket.chunks(version.key, version.version_id) or [])
        for version in bucket.versions("")
        if not version.is_delete_marker
    }


def test_counts_are_those_of_the_sample_through_either_door(named: Store) -> None:
    for door in DOORS:
        counted = tally(named.stack.installation, door)
        assert (counted.rows, counted.no_pull_request, counted.not_determinable) == (1137, 376, 882)
    assert tally(named.stack.installation, "shop_csv") == tally(named.stack.installation, "shop_git")
    assert isinstance(counted, Tally)


def test_no_address_of_the_population_stands_anywhere_in_the_bucket(named: Store, repository: Path) -> None:
    people = people_of(repository)
    assert len(people) > 20
    tops = set()
    for (key, _), content in everything(named).items():
        said = plain(key, content)
        assert b"@example.com" not in said, key
        if key.startswith(("evidence/", "raw/", "manifests/")):
            tops.add(key.split("/")[0])
            assert list(find(said)) == [], key
    assert tops == {"evidence", "raw", "manifests"}


def test_both_doors_give_one_id_and_the_table_says_whose(named: Store, repository: Path) -> None:
    key, table = key_of(named), table_of(named)
    listed = {name.removeprefix("people/").removesuffix(".json") for name in table._store.keys("people/")}
    assert listed >= {key.person(address) for address in people_of(repository)}  # other tests land people of their own
    for address in sorted(people_of(repository))[:3]:
        found = table.resolve(key.person(address))
        assert isinstance(found, Person)
        assert found.email == address


def test_the_record_says_what_was_replaced_and_keeps_the_hash_of_what_came(named: Store) -> None:
    document = manifest_of(named, named.land("shop_csv", "2026-01"))
    (page,) = document["predicate"]["ipe"]["pages"]
    (redaction,) = page["redactions"]
    assert (redaction["what"], redaction["count"] > 2145) == ("e-mail address", True)
    assert page["name"] == "page-00000.csv.zst"
    assert page["received_sha256"] != page["stored_sha256"]


def manifest_of(store: Store, reference: LandingReference) -> dict[str, Any]:
    chunks = store.bucket("auditor").chunks(reference.manifest_key)
    assert chunks is not None
    document: dict[str, Any] = json.loads(base64.b64decode(json.loads(b"".join(chunks))["payload"]))
    return document


def test_a_retry_lands_and_enters_nothing_new(named: Store) -> None:
    before, entries = everything(named).keys(), table_of(named)._store.versions("people/")
    assert not named.land("shop_csv", "2026-02").landed_now
    assert not named.land("shop_git", "2026-02").landed_now
    assert everything(named).keys() == before
    assert table_of(named)._store.versions("people/") == entries


@pytest.mark.parametrize("who", ["auditor", "digest"])
def test_neither_auditor_nor_digest_principal_reaches_the_table(named: Store, who: str) -> None:
    key = f"people/{key_of(named).person('person-28adb59e68@example.com')}.json"
    client = named.client(who)
    for call in (
        lambda: client.get_object(Bucket=IDENTITY_BUCKET, Key=key),
        lambda: client.list_objects_v2(Bucket=IDENTITY_BUCKET),
        lambda: client.put_object(Bucket=IDENTITY_BUCKET, Key=key, Body=b"{}"),
        lambda: client.delete_object(Bucket=IDENTITY_BUCKET, Key=key),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            call()
    assert named.client("writer").get_object(Bucket=IDENTITY_BUCKET, Key=key)["ServerSideEncryption"] == "AES256"


def test_entries_expire_and_tombstones_do_not(named: Store) -> None:
    rules = named.client("admin").get_bucket_lifecycle_configuration(Bucket=IDENTITY_BUCKET)["Rules"]
    assert [(rule["Filter"]["Prefix"], rule["Expiration"]["Days"]) for rule in rules] == [("people/", 400)]


def test_an_erasure_leaves_every_byte_of_evidence_and_the_id_no_longer_resolves(
    named: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaver = "leaver@example.com"
    drop = write_csv(tmp_path / "drop.csv", [merge(1, "2026-07-02", author=leaver), merge(2, "2026-07-03")])
    landed = named.land("shop_csv", "2026-07", path=str(drop))
    person = key_of(named).person(leaver)
    before, report = everything(named), named.verify().as_document()
    assert report["outcome"] == Outcome.INTACT

    for name, value in settings_of(named, "admin").items():
        monkeypatch.setenv(name, value)
    shown = CliRunner().invoke(identity, ["resolve", person])
    assert shown.exit_code == 0, shown.exception
    assert json.loads(shown.output)["email"] == leaver
    done = CliRunner().invoke(identity, ["erase", leaver, "--reason", "asked on 3 July", "--by", "privacy officer"])
    assert (done.exit_code, done.output.startswith(f"{person}: erased (1 versions deleted)")) == (0, True), done.output

    assert everything(named) == before
    assert named.verify().as_document() == report
    assert person.encode() in b"".join(parts_of(named, landed, before))
    refused = CliRunner().invoke(identity, ["resolve", person])
    assert refused.exit_code == 1
    assert "It no longer resolves." in str(refused.exception)

    # A later extraction writes the id again, and the table refuses to learn whose it is.
    write_csv(drop, [merge(3, "2026-08-02", author=leaver)])
    assert named.land("shop_csv", "2026-08", path=str(drop)).landed_now
    left = table_of(named).resolve(person)
    assert isinstance(left, Erasure)
    assert (left.erased_by, left.reason) == ("privacy officer", "asked on 3 July")
    stored = table_of(named)._store
    assert stored.versions(f"people/{person}") == []
    assert all(leaver.encode() not in b"".join(stored.chunks(key) or []) for key in stored.keys(""))


def parts_of(store: Store, landed: LandingReference, stored: dict[tuple[str, str], bytes]) -> list[bytes]:
    """Return what the population's parts of a landing say."""
    names = {subject["name"] for subject in manifest_of(store, landed)["subject"] if "/change_record/" in subject["name"]}
    return [plain(key, content) for (key, _), content in stored.items() if key in names]


def settings_of(store: Store, who: str) -> dict[str, str]:
    """Return the environment of one identity, as its file in the installation states it."""
    text = (store.stack.installation.folder / f"{who}.env").read_text()
    return dict(line.removeprefix("export ").split("=", 1) for line in text.splitlines())


def test_only_who_may_see_the_table_is_told_its_place(named: Store) -> None:
    assert [who for who in ("admin", "writer", "digest", "auditor") if "TIEOUT_IDENTITY_KEY" in settings_of(named, who)] == [
        "admin",
        "writer",
    ]
