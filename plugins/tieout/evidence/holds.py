# SPDX-License-Identifier: Apache-2.0
"""Legal hold: what a dispute or an authority asks for stays, however long its retention is, until somebody releases it.

An object is on hold or it is not: a store keeps no count of who asked. Who holds something for a second matter sees in the
records that it is held already, and a release ends the hold for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tieout.errors import ConfigurationError
from tieout.evidence.layout import EVIDENCE, MANIFESTS, RAW, RESPONSES, Class, class_of, landing_of, partition_values
from tieout.evidence.store import ObjectVersion, S3Store

_WORKERS = 8
_TOPS = (EVIDENCE, MANIFESTS, RAW, RESPONSES)
StoredKey = tuple[str, str]
"""Key and VersionId of one stored object."""


def find_objects(store: S3Store, observation_period: str, control: str, landing: str | None = None) -> list[StoredKey]:
    """List what a hold on a control in a period, or on one landing of it, is about.

    Raises:
        ConfigurationError: There is nothing.
    """
    versions = (version for top in _TOPS for version in store.versions(top))
    found = objects_of(versions, observation_period, control, landing)
    if not found:
        what = f"no landing {landing}" if landing else "nothing"
        msg = (
            f"s3://{store.bucket}: {what} of control {control!r} in period {observation_period!r} is there to hold or release. "
            f"Check the three names against the keys in the bucket."
        )
        raise ConfigurationError(msg)
    return found


def objects_of(
    versions: Iterable[ObjectVersion], observation_period: str, control: str, landing: str | None = None
) -> list[StoredKey]:
    """Choose the versions that belong to a control in a period, or to one landing of it: in order, every version of each key.

    What shadows an object belongs to it too: it may be the very thing that a dispute is about. A delete marker holds nothing.
    """
    slot = {"observation_period": observation_period, "control": control}
    return sorted(
        (version.key, version.version_id)
        for version in versions
        if not version.is_delete_marker
        and slot.items() <= partition_values(version.key).items()
        and (landing is None or _landing(version.key) == landing)
    )


def _landing(key: str) -> str | None:
    kind = class_of(key)
    if kind is Class.RAW_PAGE:
        return key.split("/")[-2]
    return landing_of(key) if kind in (Class.PART, Class.MANIFEST) else None


def hold(
    store: S3Store,
    keys_and_versions: Sequence[StoredKey],
    on: bool,
    reason: str,
    record: Callable[[list[str], str], None],
) -> None:
    """Put objects on legal hold, or release them, and leave a signed record of it.

    A hold is recorded once it is in force, a release before it takes place: whatever is interrupted, no record says that
    something is held which is not, and nothing is released that no record tells of. Running it again completes it. What lands
    later is not held: hold again.

    Args:
        store: The evidence bucket, as an identity that may put legal holds.
        keys_and_versions: As `find_objects` lists them.
        on: Hold or release.
        reason: Why, for a person to read.
        record: Leaves the record, given the keys and the reason.

    Raises:
        ConfigurationError: There is no reason, or the store refuses this identity.
        StoreUnavailable: The store did not answer; run it again.
    """
    if not reason.strip():
        msg = "legal hold: expected a reason, got an empty one. Say which matter it is for, and who asked."
        raise ConfigurationError(msg)
    keys = list(dict.fromkeys(key for key, _ in keys_and_versions))
    if not on:
        record(keys, reason)
    with ThreadPoolExecutor(_WORKERS) as pool:
        for _ in pool.map(lambda found: store.set_legal_hold(*found, on=on), keys_and_versions):
            pass
    if on:
        record(keys, reason)
