# SPDX-License-Identifier: Apache-2.0
"""Custody, in a bucket only: no later version and no delete marker shadows an object, and its lock is the one it should have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tieout.evidence.sources import Evidence
from tieout.evidence.verify.outcome import Finding, Outcome

LONGEST_EXTENSION = timedelta(days=3660)
"""A lock may be made longer than a document says, for a dispute or a law; more than ten years are a mistake, or harm."""
LONGEST_RETENTION = timedelta(days=366 * 40)
"""No document may ask for a longer lock, counted from when it was signed: a bug must not lock for a century."""


def check_retention(key: str, signed_at: datetime, until: datetime) -> Iterator[Finding]:
    """Check that the lock a document asks for ends after it was signed, and within a working life."""
    if not signed_at < until <= signed_at + LONGEST_RETENTION:
        reason = (
            f"{key}: it asks for a lock until {until:%Y-%m-%d}, and was signed {signed_at:%Y-%m-%d}: expected 1 day to 40 years"
        )
        yield Finding(Outcome.TAMPERED, reason)


def check_custody(evidence: Evidence, key: str, version_id: str, mode: str, until: datetime) -> Iterator[Finding]:
    """Check versions and lock of an object.

    Args:
        evidence: A bucket.
        key: Of the object.
        version_id: The version that landed.
        mode: Lock mode that a signed document says it has.
        until: Until when, likewise.
    """
    yield from check_shadows(evidence, key, version_id)
    lock = evidence.lock(key, version_id)
    if lock is None:
        yield Finding(Outcome.CANNOT_CHECK, f"{key}: this identity may not see its lock")
    elif lock.mode is None or lock.until is None:
        yield Finding(Outcome.TAMPERED, f"{key}: not locked, and its manifest says {mode} until {until:%Y-%m-%d}")
    elif lock.until < until or (mode == "COMPLIANCE" and lock.mode != mode):
        reason = f"{key}: locked {lock.mode} until {lock.until:%Y-%m-%d}; its manifest says {mode} until {until:%Y-%m-%d}"
        yield Finding(Outcome.TAMPERED, reason)
    elif lock.until > until + LONGEST_EXTENSION:
        reason = f"{key}: locked until {lock.until:%Y-%m-%d}, years longer than its manifest says ({until:%Y-%m-%d})"
        yield Finding(Outcome.TAMPERED, reason)


def check_shadows(evidence: Evidence, key: str, version_id: str) -> Iterator[Finding]:
    """Name every version and delete marker of a key but the one that landed."""
    for other in evidence.versions(key) or ():
        if other.version_id == version_id:
            continue
        what = "a delete marker hides it" if other.is_delete_marker else "another version of the key"
        reason = f"{key}: shadowed: {what} (version {other.version_id}, {other.last_modified:%Y-%m-%d %H:%M:%S} UTC)"
        yield Finding(Outcome.TAMPERED, reason)
