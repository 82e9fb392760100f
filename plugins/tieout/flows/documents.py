# SPDX-License-Identifier: Apache-2.0
"""Manifests and records of a bucket, read without checking signatures: for looking up what stands, never for relying on it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tieout.errors import VerificationError
from tieout.evidence.layout import MANIFESTS, RESPONSES, Class, class_of
from tieout.evidence.manifest import Manifest, read_manifest
from tieout.evidence.records import Record, RecordKind, read_record
from tieout.evidence.responses import Response, read_response
from tieout.evidence.store import ObjectVersion, S3Store, oldest

_WORKERS = 8


@dataclass(frozen=True, slots=True)
class Documents:
    """What stands under ``manifests/``; documents that can not be read are left out: verification names them."""

    manifests: tuple[Manifest, ...]
    records: Mapping[str, Record]
    """By key."""

    @property
    def named(self) -> set[str]:
        """Keys that a manifest or a record answers for."""
        keys = {subject.key for manifest in self.manifests for subject in manifest.subjects}
        return keys | {entry.key for record in self.records.values() for entry in record.objects}

    @property
    def answered(self) -> set[tuple[str, str, str]]:
        """Control, window and system for which an extraction landed or is known to have failed, under whatever label."""
        landed = {
            (said["control"]["id"], said["window"]["key"], said["system"])
            for said in (manifest.predicate for manifest in self.manifests)
        }
        return landed | self._recorded(RecordKind.DID_NOT_LAND)

    @property
    def not_extracted(self) -> set[tuple[str, str, str]]:
        """Control, window and system of which a record says that nothing was extracted."""
        return self._recorded(RecordKind.NOT_EXTRACTED)

    @property
    def landed(self) -> set[tuple[str, str]]:
        """Partition and system of every window that has landed."""
        return {_slot(manifest) for manifest in self.manifests}

    def _recorded(self, kind: RecordKind) -> set[tuple[str, str, str]]:
        found = (record for record in self.records.values() if record.kind is kind)
        return {(record.place.control, record.place.window, record.system) for record in found}


def _slot(manifest: Manifest) -> tuple[str, str]:
    return manifest.key.removeprefix(MANIFESTS).rpartition("/")[0], str(manifest.predicate["system"])


def firsts(store: S3Store, prefix: str, kinds: Container[Class]) -> dict[str, ObjectVersion]:
    """Return the oldest version of each key of some kinds under a prefix: what landed there, whatever came later."""
    versions: dict[str, list[ObjectVersion]] = {}
    for version in store.versions(prefix):
        if class_of(version.key) in kinds:
            versions.setdefault(version.key, []).append(version)
    return {key: first for key, listed in sorted(versions.items()) if (first := oldest(listed))}


def read_documents(store: S3Store, prefix: str = MANIFESTS) -> Documents:
    """Read every manifest and record under a prefix, each in its oldest version.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    found = read_all(store, firsts(store, prefix, (Class.MANIFEST, Class.RECORD)).values())
    manifests = tuple(document for document in found.values() if isinstance(document, Manifest))
    return Documents(manifests, {key: document for key, document in found.items() if isinstance(document, Record)})


def read_responses(store: S3Store, campaigns: Container[str]) -> list[tuple[str, Response]]:
    """Read every response to some campaigns with its key, by time and id, whatever period it is stored under.

    One that can not be read is left out: verification names it.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """

    def one(version: ObjectVersion) -> tuple[str, Response] | None:
        try:
            return version.key, read_response(store.read(version.key, version.version_id) or b"", version.key)
        except VerificationError:
            return None

    listed = firsts(store, RESPONSES, (Class.RESPONSE,)).values()
    with ThreadPoolExecutor(_WORKERS) as pool:
        found = [each for each in pool.map(one, (each for each in listed if each.key.split("/")[3] in campaigns)) if each]
    return sorted(found, key=lambda each: (each[1].at, each[1].id))


def read_all(
    store: S3Store, versions: Iterable[ObjectVersion], kept: Callable[[Manifest], Manifest] = lambda read: read
) -> dict[str, Manifest | Record]:
    """Read manifests and records, by key, and keep of each manifest what is asked for; those that can not be read are left out.

    Args:
        store: The evidence bucket.
        versions: What is read.
        kept: What is kept of a manifest.
    """

    def one(version: ObjectVersion) -> tuple[str, Manifest | Record | None]:
        key = version.key
        data = store.read(key, version.version_id) or b""
        try:
            return key, read_record(data, key) if class_of(key) is Class.RECORD else kept(read_manifest(data, key))
        except VerificationError:
            return key, None

    with ThreadPoolExecutor(_WORKERS) as pool:
        return {key: document for key, document in pool.map(one, versions) if document is not None}
