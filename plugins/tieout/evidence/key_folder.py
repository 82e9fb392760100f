# SPDX-License-Identifier: Apache-2.0
"""The folder that a key ceremony works in, laid out like the bucket, and its way into the bucket.

    keys/root.dsse.json  keys/root-000002.dsse.json ...     digests/000000000000.dsse.json
    README.md  LAYOUT.json                                  key_list-000002.request.json

Only what the layout knows is ever published: a private key, or the request, that lies in the same folder stays there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tieout.errors import ConfigurationError, LandingConflict, Missing
from tieout.evidence.digest import Digest, check_digest
from tieout.evidence.dsse import unseal
from tieout.evidence.key_list import PAYLOAD_TYPE, KeyList, check_editions
from tieout.evidence.layout import KEYS, LAYOUT, README, Class, class_of, digest_key
from tieout.evidence.schemas import check_document
from tieout.evidence.sources import Bucket, Copy, Evidence
from tieout.evidence.store import Retention, S3Store, first_version
from tieout.files import file_sha256

GENESIS = digest_key(0)


def request_name(edition: int) -> str:
    """Return the name of the file that asks the root for an edition."""
    return f"key_list-{edition:06}.request.json"


@dataclass(frozen=True, slots=True)
class Published:
    """One object of the folder, and the version that it has in the bucket."""

    key: str
    version_id: str


def editions_of(evidence: Evidence) -> list[tuple[str, bytes]]:
    """Return key and bytes of every edition, in the order of their numbers. Nothing is checked: see `check_editions`.

    Raises:
        CannotCheck: One is larger than a signed document may be, or can not be read.
        Missing: One is listed and not there.
    """
    keys = [key for key in evidence.keys(KEYS) if class_of(key) is Class.KEY_LIST]
    return [(key, _read(evidence, key)) for key in sorted(keys, key=lambda key: (len(key), key))]  # '-' sorts before '.'


def _read(evidence: Evidence, key: str) -> bytes:
    version = evidence.first_version(key)
    data = evidence.read(key, version.version_id if version else None)
    if data is None:
        msg = f"{key}: listed and not there."
        raise Missing(msg)
    return data


def stated_root(edition: bytes) -> str:
    """Return the fingerprint of the root that an edition names: to compare with the one from outside, never to rely on.

    Raises:
        Missing: The edition carries no signature.
        CannotCheck: It is malformed.
    """
    _, payload = unseal(edition, PAYLOAD_TYPE, "key list")
    check_document("key_list.v1", payload, "key list")
    return str(payload["root"]["keyid"])


def write(folder: Path, key: str, data: bytes) -> Path:
    """Write a document into the folder. One that stands there with the same bytes is left alone.

    Raises:
        ConfigurationError: Other bytes stand there, or the file can not be written.
    """
    path = folder / key
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError as error:
        if not path.is_file() or path.read_bytes() != data:
            msg = f"{path}: something else stands there, and it is never overwritten. Move it away, or use another folder."
            raise ConfigurationError(msg) from error
    except OSError as error:
        msg = f"{path}: it can not be written ({error.strerror})."
        raise ConfigurationError(msg) from error
    return path


def fetch(store: S3Store, folder: Path) -> None:
    """Write the bucket's editions and its first digest into the folder.

    Raises:
        ConfigurationError: The folder holds other ones.
        VerificationError: One can not be read.
        StoreUnavailable: The store did not answer.
    """
    bucket = Bucket(store)
    for key, data in editions_of(bucket):
        write(folder, key, data)
    if bucket.exists(GENESIS):
        write(folder, GENESIS, _read(bucket, GENESIS))


def check(folder: Path, root_fingerprint: str, bucket: str | None) -> tuple[KeyList, Digest]:
    """Check the folder: every edition under the root's fingerprint, and the first digest under the newest edition.

    Args:
        folder: The folder.
        root_fingerprint: As the auditor gets it.
        bucket: The bucket it has to be for; ``None`` for any.

    Raises:
        VerificationError: Something is not in order: the subclass says what it is.
    """
    copy = Copy(folder)
    current = check_editions(editions_of(copy), root_fingerprint)
    if not copy.exists(GENESIS):
        msg = f"{folder / GENESIS} is not there: the digest that the key list names as the first."
        raise Missing(msg)
    return current, check_digest(_read(copy, GENESIS), GENESIS, current, bucket, None)


def publish(folder: Path, store: S3Store, root_fingerprint: str, retention: Retention) -> Iterator[Published]:
    """Put the folder's documents into the bucket, locked; those that stand there already stay. Yields each when it stands.

    The first digest goes first and the bucket's own documentation last: what is there at any moment can be verified.

    Args:
        folder: The folder; all of it is checked before anything is written.
        store: The bucket, as an identity that may put under ``keys/`` and ``digests/``.
        root_fingerprint: As the auditor gets it.
        retention: Lock and encryption; the first digest's lock is the one it states.

    Raises:
        VerificationError: The folder is not in order: the subclass says what it is.
        LandingConflict: The bucket holds other bytes under one of the keys.
        StoreUnavailable: The store did not answer; run it again.
    """
    _, genesis = check(folder, root_fingerprint, store.bucket)
    stated = Retention(genesis.retention_mode, genesis.retain_until, retention.sse, retention.sse_key_id)
    yield _put(folder, store, GENESIS, stated)
    for key, _ in editions_of(Copy(folder)):
        yield _put(folder, store, key, retention)
    for key in (README, LAYOUT):
        if (folder / key).is_file():
            yield _put(folder, store, key, retention)


def _put(folder: Path, store: S3Store, key: str, retention: Retention) -> Published:
    version_id = store.put_locked(key, folder / key, file_sha256(folder / key), retention)
    stands = first_version([version for version in store.versions(key) if version.key == key])
    if stands != version_id:  # readers take the oldest version
        msg = f"s3://{store.bucket}/{key}: version {stands} stood there before ours ({version_id}). Find out who wrote it."
        raise LandingConflict(msg)
    return Published(key, version_id)


def long_retention(mode: str, cap_years: int, now: datetime, sse: str, sse_key_id: str) -> Retention:
    """Return the lock of what belongs to the bucket and to no observation period: as long as the cap allows.

    Nothing can be verified without the first digest and every edition, so that they have to outlast evidence of years to come.
    They hold nobody's data.
    """
    return Retention(mode, now + timedelta(days=366 * cap_years), sse, sse_key_id)
