# SPDX-License-Identifier: Apache-2.0
"""Pages that are made here and land beside the rows that they belong to: written, hashed, locked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.evidence.landing import StoredPage
from tieout.evidence.layout import Place
from tieout.evidence.store import Retention, S3Store
from tieout.files import file_sha256

_AT_ONCE = 2_000
_MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".gz": "application/gzip",
    ".md": "text/markdown; charset=utf-8",
    ".pdf": "application/pdf",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class WrittenPage:
    """A page in the work folder, and what it is."""

    path: Path
    what: str
    sha256: str
    bytes: int

    def as_document(self) -> dict[str, Any]:
        """Return it as an IPE record names a page."""
        return {
            "name": self.path.name,
            "media_type": _MEDIA.get(self.path.suffix, "application/octet-stream"),
            "what": self.what,
            "received_sha256": self.sha256,
            "received_bytes": self.bytes,
            "stored_sha256": self.sha256,
            "stored_bytes": self.bytes,
            "redactions": [],
        }


def written(path: Path, what: str) -> WrittenPage:
    """Return a page that stands in a folder."""
    return WrittenPage(path, what, file_sha256(path), path.stat().st_size)


def lock_written(
    pages: Iterable[WrittenPage], place: Place, landing: str, store: S3Store, retention: Retention
) -> tuple[StoredPage, ...]:
    """Lock pages as raw pages of a landing; returns where they stand.

    Raises:
        StoreUnavailable: The store did not answer; run it again, what stands is adopted.
    """
    stored = []
    for page in pages:
        key = place.raw(landing, page.path.name)
        version = store.put_locked(key, page.path, page.sha256, retention)
        stored.append(StoredPage(key, version, page.sha256, page.bytes, page.sha256))
    return tuple(stored)


def in_tables(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield rows as tables of a few thousand each."""
    left = iter(rows)
    while some := list(islice(left, _AT_ONCE)):
        yield pa.Table.from_pylist([dict(each) for each in some], schema=schema)
