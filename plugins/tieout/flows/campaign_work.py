# SPDX-License-Identifier: Apache-2.0
"""What a campaign's task keeps between two of its looks, in the staging bucket; whatever is lost of it is made again.

    campaign-work/<campaign>/documents-<number>.arrow  signed documents that were read, so that a look does not fetch thousands
                                                       again; at most `SHARD` in each
    campaign-work/<campaign>/shown.json                what each message said last, so that only those are updated that say
                                                       otherwise
    campaign-work/<campaign>/checked-<day>.json        that it was looked up on that day who is still there

However many documents there are, a look holds those of one object in memory: the others wait on the worker's disk. A document
that was kept here is checked as one that was just fetched, and fetched where it does not hold: whoever writes here can hide
nothing and add nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any

import pyarrow as pa

from tieout.evidence.identities import UnlockedStore
from tieout.evidence.store import S3Store
from tieout.settings import Settings

KEEP_FROM = 200
"""Documents that have to be new before they are kept."""
SHARD = 2_000
"""Most documents that one object keeps; a response has about 2.5 KB."""
_DOCUMENTS = "documents-"
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

    def names(self, prefix: str) -> list[str]:
        """Return the names that begin with a prefix, and under which something is kept, in order."""
        folder = self._key("")
        return sorted(key.removeprefix(folder) for key in self.store.keys(f"{folder}{prefix}"))

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
    """The evidence bucket, whose documents come out of a few objects where they were read before. Several threads may read.

    Args:
        store: The evidence bucket.
        work: Where they are kept.
    """

    def __init__(self, store: S3Store, work: Work) -> None:
        super().__init__(store._client, store.bucket)
        self._work, self._lock = work, Lock()
        self._known = sqlite3.connect("", check_same_thread=False)  # a file without a name: it ends with the connection
        self._known.execute("CREATE TABLE known (key TEXT, version TEXT, fresh INTEGER, data BLOB, PRIMARY KEY (key, version))")

    def recall(self) -> None:
        """Read what is kept."""
        for name in self._work.names(_DOCUMENTS):
            documents = _documents(self._work.read(name))
            self._put(((key, version, 0, data) for (key, version), data in documents.items()))

    def forget(self, keys: Iterable[str]) -> bool:
        """Take some documents for not kept; returns whether any of them was."""
        with self._lock:
            deleted = self._known.executemany("DELETE FROM known WHERE key = ? AND fresh = 0", ((key,) for key in keys))
            return deleted.rowcount > 0

    def read(self, key: str, version_id: str | None) -> bytes | None:
        """Return a document's bytes, as `S3Store.read`."""
        with self._lock:
            query = "SELECT data FROM known WHERE key = ? AND version = ?"
            found = self._known.execute(query, (key, version_id or "")).fetchone()
        if found is not None:
            return bytes(found[0])
        data = super().read(key, version_id)
        if data is not None and version_id:
            self._put([(key, version_id, 1, data)])
        return data

    def keep(self) -> bool:
        """Keep what was fetched one by one, where that is enough; returns whether it was."""
        with self._lock:
            [count] = self._known.execute("SELECT count(*) FROM known WHERE fresh").fetchone()
        if count < KEEP_FROM:
            return False
        there = len(self._work.names(_DOCUMENTS))
        for number, documents in enumerate(self._fetched(), start=there):
            self._work.write(f"{_DOCUMENTS}{number:05}.arrow", _packed(documents))
        with self._lock:
            self._known.execute("UPDATE known SET fresh = 0")
        return True

    def close(self) -> None:
        """Give back the disk space."""
        self._known.close()

    def _put(self, rows: Iterable[tuple[str, str, int, bytes]]) -> None:
        with self._lock:
            self._known.executemany("INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?)", rows)

    def _fetched(self) -> Iterator[dict[tuple[str, str], bytes]]:
        with self._lock:
            cursor = self._known.execute("SELECT key, version, data FROM known WHERE fresh ORDER BY key, version")
            while rows := cursor.fetchmany(SHARD):
                yield {(key, version): data for key, version, data in rows}


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
