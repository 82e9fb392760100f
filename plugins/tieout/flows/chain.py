# SPDX-License-Identifier: Apache-2.0
"""The chain of digests as it stands, read without checking signatures: for continuing it, never for relying on it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

from tieout.errors import ConfigurationError, LandingConflict
from tieout.evidence.digest import Digest, read_digest
from tieout.evidence.layout import DIGESTS, Class, digest_key
from tieout.evidence.store import ObjectVersion, S3Store
from tieout.flows.documents import firsts

_WORKERS = 8


@dataclass(frozen=True, slots=True)
class Standing:
    """The chain as it stands: its last digest, the version that it stands in, and every version that is named, with where."""

    head: Digest
    version_id: str
    named: dict[tuple[str, str], int]
    keys: tuple[str, ...]
    """Key of every version that is named, delete markers left out."""


def standing_chain(store: S3Store) -> Standing:
    """Read the chain as it stands: each digest's oldest version.

    Raises:
        ConfigurationError: There is none: the bucket was not established with `tieout keys`.
        LandingConflict: A digest is not there, can not be read, or does not follow the one before it.
    """
    digests, versions = read_chain(store)
    named = {entry.id: digest.sequence for digest in digests for entry in digest.entries}
    stored = tuple(entry.key for digest in digests for entry in digest.entries if not entry.delete_marker)
    return Standing(digests[-1], versions[-1].version_id, named, stored)


def read_chain(store: S3Store) -> tuple[list[Digest], list[ObjectVersion]]:
    """Return every digest of the chain in order, and the version that each stands in; raises as `standing_chain`."""
    versions = firsts(store, DIGESTS, (Class.DIGEST,))
    if not versions:
        msg = (
            f"s3://{store.bucket}/{DIGESTS}: there is no chain of digests. Establish the bucket first: "
            "tieout keys init, then tieout keys publish."
        )
        raise ConfigurationError(msg)
    keys = list(versions)
    if keys != [digest_key(number) for number in range(len(keys))]:
        msg = f"s3://{store.bucket}/{DIGESTS}: the sequence has a gap, or does not start at {digest_key(0)}. Run tieout verify."
        raise LandingConflict(msg)
    with ThreadPoolExecutor(_WORKERS) as pool:
        digests = list(pool.map(lambda version: _read(store, version), versions.values()))
    for before, digest in pairwise(digests):
        if digest.previous is None or digest.previous.sha256 != before.sha256:
            msg = f"s3://{store.bucket}/{digest.key}: it does not follow {before.key}. The chain is broken: run tieout verify."
            raise LandingConflict(msg)
    return digests, list(versions.values())


def _read(store: S3Store, version: ObjectVersion) -> Digest:
    data = store.read(version.key, version.version_id)
    if data is None:
        msg = f"s3://{store.bucket}/{version.key}: it is listed and can not be read. Run tieout verify."
        raise LandingConflict(msg)
    return read_digest(data, version.key)
