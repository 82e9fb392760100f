# SPDX-License-Identifier: Apache-2.0
"""Records and landings that a review relies on beside its campaign: each in the version that landed there, and checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from tieout.errors import Missing
from tieout.evidence.layout import MANIFESTS, Class, Place
from tieout.evidence.records import Record, check_record
from tieout.evidence.signed import Received
from tieout.evidence.store import ObjectVersion
from tieout.flows.campaign_answered import Document, NotingStore
from tieout.flows.campaigns import Campaigns
from tieout.flows.documents import firsts

_WORKERS = 8


def checked_records(campaigns: Campaigns, place: Place, keys: Iterable[str]) -> dict[str, tuple[Record, Document]]:
    """Return those of some records that stand in a slot, by key.

    Raises:
        VerificationError: One is not as it was signed.
        StoreUnavailable: The store did not answer; run it again.
    """
    wanted, store = set(keys), NotingStore(campaigns.store)

    def one(version: ObjectVersion) -> Record:
        data = store.read(version.key, version.version_id)
        if data is None:
            msg = f"{version.key}: listed and not there."
            raise Missing(msg)
        received = Received(version.last_modified)
        return check_record(data, version.key, campaigns.key_list, store.bucket, received)[0]

    listed = list(_listed(campaigns, place, wanted))
    with ThreadPoolExecutor(_WORKERS) as pool:
        records = pool.map(one, listed)
        return {version.key: (record, store.read_documents[version.key]) for version, record in zip(listed, records, strict=True)}


def _listed(campaigns: Campaigns, place: Place, wanted: set[str]) -> Iterator[ObjectVersion]:
    there = firsts(campaigns.store, f"{MANIFESTS}{place.partition}/", (Class.RECORD,)) if wanted else {}
    yield from (version for key, version in there.items() if key in wanted)
