# SPDX-License-Identifier: Apache-2.0
"""What a campaign's task keeps between two of its looks, in the staging bucket; whatever is lost of it is made again.

    campaign-work/<campaign>/documents.arrow     signed documents that were read, so that a look does not fetch thousands again
    campaign-work/<campaign>/shown.json          what each message said last, so that only those are updated that say otherwise
    campaign-work/<campaign>/checked-<day>.json  that it was looked up on that day who is still there

A document that was kept here is checked as one that was just fetched, and fetched where it does not hold: whoever writes here
can hide nothing and add nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tieout.evidence.identities import UnlockedStore
from tieout.evidence.store import S3Store
from tieout.settings import Settings

KEEP_FROM = 200
"""Documents that have to be new before all are kept again."""
_DOCUMENTS = "documents.arrow"
_SCHEMA = pa.schema([("key", pa.string()), ("version_id", pa.string()), ("data", pa.binary())])


@dataclass(frozen=True, slots=True)
class Work:
    """The folder of one campaign. Every method raises `StoreUnavailable` where the store does not answer.

    Attributes:
        campaign: Its id.
        store: The staging bucket, as the writer.
        sse_key_id: Key that encrypts what is kept, where the bucket asks for one.
    """

    campaign: str
    store: UnlockedStore
    sse_key_id: str = ""

    def read(self, name: str) -> bytes | None:
        """Return what is kept under a name; ``None`` where nothing is."""
        chunks = self.store.chunks(self._key(name))
        return None if chunks is None else b"".join(chunks)

    def write(self, name: str, data: bytes) -> None:
        """Keep something under a name, in the place of what was kept there."""
        self.store.create(self._key(name), data, self.sse_key_id, over=True)

    def read_json(self, name: str) -> dict[str, Any]:
        """Return a JSON object that is kept; an empty one where there is none, or something else."""
        try:
            found = json.loads(self.read(name) or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def write_json(self, name: str, value: dict[str, Any]) -> None:
        """Keep a JSON object."""
        self.write(name, json.dumps(value, sort_keys=True).encode())

    def _key(self, name: str) -> str:
        return f"campaign-work/{self.campaign}/{name}"


def staging_key(settings: Settings) -> str:
    """Return the KMS key that what stands in the staging bucket is encrypted with; empty for none of ours."""
    return settings.sse_key_id if settings.sse == "aws:kms" else ""


class Remembering(S3Store):
    """The evidence bucket, whose documents come out of one object where they were read before.

    Args:
        store: The evidence bucket.
        work: Where they are kept.
    """

    def __init__(self, store: S3Store, work: Work) -> None:
        super().__init__(store._client, store.bucket)
        self._work = work
        self._kept: dict[tuple[str, str], bytes] = {}
        self._fetched: dict[tuple[str, str], bytes] = {}

    def recall(self) -> None:
        """Read what is kept."""
        self._kept = _documents(self._work.read(_DOCUMENTS))

    def forget(self, keys: Iterable[str]) -> bool:
        """Take some documents for not kept; returns whether any of them was."""
        named = set(keys)
        kept = {name: data for name, data in self._kept.items() if name[0] not in named}
        was_there, self._kept = len(kept) < len(self._kept), kept
        return was_there

    def read(self, key: str, version_id: str | None) -> bytes | None:
        """Return a document's bytes, as `S3Store.read`."""
        name = (key, version_id or "")
        data = self._kept.get(name) or self._fetched.get(name)
        if data is None:
            data = super().read(key, version_id)
            if data is not None and version_id:
                self._fetched[name] = data
        return data

    def keep(self) -> bool:
        """Keep all that was read, where enough of it was fetched one by one; returns whether it was."""
        if len(self._fetched) < KEEP_FROM:
            return False
        self._kept |= self._fetched
        self._fetched = {}
        self._work.write(_DOCUMENTS, _packed(self._kept))
        return True


def _packed(documents: dict[tuple[str, str], bytes]) -> bytes:
    columns = [[key for key, _ in documents], [version for _, version in documents], list(documents.values())]
    table = pa.table([pa.array(each, field.type) for each, field in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, _SCHEMA, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _documents(data: bytes | None) -> dict[tuple[str, str], bytes]:
    """Return what was packed; nothing where it was something else: it is fetched again then."""
    if not data:
        return {}
    try:
        table = pa.ipc.open_stream(data).read_all()
        if table.schema != _SCHEMA:
            return {}
        keys, versions, documents = (table[name].to_pylist() for name in _SCHEMA.names)
    except pa.ArrowInvalid:
        return {}
    return {(key, version): each for key, version, each in zip(keys, versions, documents, strict=True)}
