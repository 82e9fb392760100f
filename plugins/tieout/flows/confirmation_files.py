# SPDX-License-Identifier: Apache-2.0
"""What was handed in, and its files, as they stand in the bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import BinaryIO

from tieout.campaigns.definition import Definition
from tieout.campaigns.events import Decided
from tieout.confirmations.handed import HandedFile, HandedIn, read_handed
from tieout.errors import LandingConflict
from tieout.evidence.layout import Class, Place, class_of
from tieout.evidence.store import S3Store, oldest
from tieout.flows.campaign_answered import CampaignAnswered


def handed_in(store: S3Store, definition: Definition, event: Decided) -> HandedIn:
    """Return what an answer handed in.

    Args:
        store: The evidence bucket.
        definition: The campaign's.
        event: The answer.

    Raises:
        LandingConflict: It is not there.
        CannotCheck: It is another document than the answer names, or a later release wrote it.
        StoreUnavailable: The store did not answer; run it again.
    """
    place, sha256 = Place(definition.observation_period, definition.control, definition.window), event.presented_sha256 or ""
    key = place.presented(definition.campaign, event.assignment, sha256)
    return read_handed(first_bytes(store, key), sha256, key)


class Handed:
    """Reads what answers of one campaign handed in, each once.

    Args:
        answered: The campaign.
    """

    def __init__(self, answered: CampaignAnswered) -> None:
        self._answered = answered
        self._read: dict[str, HandedIn] = {}

    def __call__(self, event: Decided) -> HandedIn:
        """Return what an answer handed in; raises as `handed_in`."""
        sha256 = event.presented_sha256 or ""
        if sha256 not in self._read:
            self._read[sha256] = handed_in(self._answered.campaigns.store, self._answered.definition, event)
        return self._read[sha256]

    def check_files(self, event: Decided) -> None:
        """Hold the files that an answer names against the bucket.

        Raises:
            LandingConflict: One is not there in the version that is pinned, has other bytes, or is not one that was handed in.
            StoreUnavailable: The store did not answer; run it again.
        """
        store, handed = self._answered.campaigns.store, self(event)
        if {(each.sha256, each.version_id) for each in handed.files} != {(each.sha256, each.version_id) for each in event.files}:
            msg = f"response {event.id}: its files are not those of what was handed in. Run tieout verify."
            raise LandingConflict(msg)
        for each in handed.files:
            if (found := store.sha256(each.key, each.version_id)[0]) != each.sha256:
                what = "it is not there" if found is None else "it has another one"
                msg = f"s3://{store.bucket}/{each.key}: expected a file of SHA-256 {each.sha256}, and {what}. Run tieout verify."
                raise LandingConflict(msg)


def first_bytes(store: S3Store, key: str) -> bytes:
    """Return the bytes of what landed under a key.

    Raises:
        LandingConflict: Nothing did.
        StoreUnavailable: The store did not answer; run it again.
    """
    first = oldest([version for version in store.versions(key) if version.key == key])
    data = store.read(key, first.version_id) if first else None
    if data is None:
        msg = f"s3://{store.bucket}/{key}: expected it there, and it is not. Run tieout verify."
        raise LandingConflict(msg)
    return data


def spooled(store: S3Store, file: HandedFile) -> BinaryIO:
    """Return the bytes of a file that was handed in, from a file without a name that is gone once it is closed.

    Raises:
        LandingConflict: It is not there, or is not what was handed in.
        StoreUnavailable: The store did not answer; run it again.
    """
    with ExitStack() as stack:
        chunks, digest = store.chunks(file.key, file.version_id), hashlib.sha256()
        found: BinaryIO = stack.enter_context(TemporaryFile())
        for chunk in chunks or ():
            digest.update(chunk)
            found.write(chunk)
        if chunks is None or digest.hexdigest() != file.sha256:
            what = f"a file of SHA-256 {file.sha256}, got another or none"
            msg = f"s3://{store.bucket}/{file.key}: expected {what}. Run tieout verify."
            raise LandingConflict(msg)
        found.seek(0)
        stack.pop_all()  # whoever asked for it closes it
        return found


def other_files(answered: CampaignAnswered, counted: Container[str]) -> list[dict[str, str]]:
    """Return the files of a campaign that the answer which counts does not name: of answers before it, or of none.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    versions = answered.campaigns.store.versions(answered.place.responses_of(answered.definition.campaign))
    found = [each for each in versions if class_of(each.key) is Class.FILE and each.key not in counted]
    return [{"key": each.key, "version_id": each.version_id} for each in sorted(found, key=lambda each: each.key)]
