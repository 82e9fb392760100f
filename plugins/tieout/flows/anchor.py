# SPDX-License-Identifier: Apache-2.0
"""Anchor the head of the chain where whoever has the bucket can not reach it: a time-stamp authority, the auditor's channel.

Run again, it asks for no second time stamp, and announces the same head once more, which does no harm.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from tieout.errors import ConfigurationError, StoreUnavailable
from tieout.evidence.anchor import check_time_stamp, time_stamp
from tieout.evidence.announce import announce, read_channel
from tieout.evidence.digest import read_digest
from tieout.evidence.layout import digest_key, time_stamp_key
from tieout.evidence.store import Retention, S3Store, oldest
from tieout.files import file_sha256
from tieout.settings import Settings
from tieout.times import instant


@dataclass(frozen=True, slots=True)
class Anchored:
    """What anchors a digest now; ``None`` where the settings name nothing."""

    stamped_at: str | None
    announced: bool


def anchor(settings: Settings, store: S3Store, sequence: int, retention: Retention) -> Anchored:
    """Time-stamp a digest and announce it, as far as the settings ask for it.

    Args:
        settings: ``tsa_url``, ``tsa_roots`` and ``announce_to``.
        store: The evidence bucket, as the digest principal.
        sequence: Of the digest.
        retention: Lock of the time stamp.

    Raises:
        ConfigurationError: A setting is wrong, or the authority or the channel refuses for good.
        SourceUnavailable: The authority or the channel did not answer; run it again.
        StoreUnavailable: The store did not answer; run it again.
        VerificationError: The authority's reply can not be relied on; it is not stored.
    """
    key = digest_key(sequence)
    version = oldest([found for found in store.versions(key) if found.key == key])
    data = store.read(key, version.version_id) if version else None
    if data is None:
        msg = f"s3://{store.bucket}/{key}: expected the digest that was just made; it is not there."
        raise StoreUnavailable(msg)
    stamped = _stamp(settings, store, sequence, data, retention) if settings.tsa_url else None
    if settings.announce_to:
        announce(read_digest(data, key), read_channel(Path(settings.announce_to)))
    return Anchored(stamped, bool(settings.announce_to))


def _stamp(settings: Settings, store: S3Store, sequence: int, data: bytes, retention: Retention) -> str:
    if not settings.tsa_roots:
        msg = "TIEOUT_TSA_ROOTS: expected a PEM file with the authority's root: a stamp that nobody can check anchors nothing."
        raise ConfigurationError(msg)
    try:
        roots = settings.resolve(settings.tsa_roots).read_bytes()
    except OSError as error:
        msg = f"TIEOUT_TSA_ROOTS: {settings.tsa_roots}: cannot be read: {error.strerror}."
        raise ConfigurationError(msg) from error
    key = time_stamp_key(sequence)
    standing = store.read(key, None)
    reply = standing or time_stamp(data, settings.tsa_url)
    at = check_time_stamp(reply, data, roots, key)
    if standing is None:
        with tempfile.TemporaryDirectory(prefix="tieout-") as work:
            path = Path(work) / "reply.tsr"
            path.write_bytes(reply)
            store.put_locked(key, path, file_sha256(path), retention)
    return instant(at)
