# SPDX-License-Identifier: Apache-2.0
"""The rows that a campaign asks about, read from the landings that its opening names.

Nothing else is taken for them: a landing is read where the opening says, in the version that landed there, and each of its files
has the hash that its manifest states.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tieout.campaigns.definition import Population
from tieout.contracts.odcs import LANDING_COLUMN
from tieout.errors import LandingConflict
from tieout.evidence.layout import EVIDENCE
from tieout.evidence.manifest import Manifest, read_manifest
from tieout.evidence.store import S3Store, oldest
from tieout.reviews.assigning import with_text

_ITEM = "item"


@dataclass(frozen=True)
class FrozenRows:
    """Rows in the order of their landings, found by the id of their item.

    Attributes:
        table: The rows, without the column that names their landing.
        manifests: Of the landings, in order.
    """

    table: pa.Table
    manifests: tuple[Manifest, ...] = field(repr=False)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {item: place for place, item in enumerate(self.table[_ITEM].to_pylist())}

    def row(self, item: str) -> dict[str, Any]:
        """Return the row of an item.

        Raises:
            KeyError: There is none.
        """
        [row] = self.table.slice(self._places[item], 1).to_pylist()
        return dict(row)

    def some(self, items: Iterable[str], columns: Iterable[str]) -> list[dict[str, Any]]:
        """Return some columns of the rows of some items, in their order."""
        places = pa.array([self._places[item] for item in items], pa.int64())
        rows: list[dict[str, Any]] = self.table.select(list(columns)).take(places).to_pylist()
        return rows

    def shown(self, items: Iterable[str]) -> list[dict[str, Any]]:
        """Return the rows of some items, in their order, with instants and days as text: quick for items that stand together."""
        rows: list[dict[str, Any]] = []
        places = [self._places[item] for item in items]
        while places:
            together = next((count for count, place in enumerate(places) if place != places[0] + count), len(places))
            rows += self._with_text.slice(places[0], together).to_pylist()
            places = places[together:]
        return rows

    @cached_property
    def _with_text(self) -> pa.Table:
        return with_text(self.table).combine_chunks()


def read_frozen(store: S3Store, populations: Iterable[Population], table: str) -> FrozenRows:
    """Read the rows of some landings, one after the other.

    Args:
        store: The evidence bucket.
        populations: The landings.
        table: Folder of their rows under ``evidence/``.

    Raises:
        LandingConflict: A manifest or a file is not what was sealed: run tieout verify.
        VerificationError: A manifest can not be read.
        StoreUnavailable: The store did not answer; run it again.
    """
    manifests, tables = [], []
    for population in populations:
        manifest = _manifest(store, population)
        manifests.append(manifest)
        for subject in sorted(manifest.subjects, key=lambda each: each.key):
            if subject.key.startswith(f"{EVIDENCE}{table}/"):
                data = _sealed(store, subject.key, subject.version_id, subject.sha256)
                tables.append(pq.read_table(io.BytesIO(data)).drop_columns([LANDING_COLUMN]))
    empty = pa.table({_ITEM: pa.array([], pa.string())})
    # In one piece: some rows are taken of it each time that somebody is shown a page.
    return FrozenRows(pa.concat_tables(tables).combine_chunks() if tables else empty, tuple(manifests))


def _manifest(store: S3Store, population: Population) -> Manifest:
    key = population.manifest_key
    first = oldest([version for version in store.versions(key) if version.key == key])
    data = _sealed(store, key, first.version_id if first else None, population.manifest_sha256)
    return read_manifest(data, key)


def _sealed(store: S3Store, key: str, version_id: str | None, sha256: str) -> bytes:
    chunks = store.chunks(key, version_id)
    data = b"".join(chunks) if chunks is not None else None
    if data is None or hashlib.sha256(data).hexdigest() != sha256:
        what = "it is not there" if data is None else "it has another one"
        msg = f"s3://{store.bucket}/{key}: expected the object of SHA-256 {sha256}, and {what}. Run tieout verify."
        raise LandingConflict(msg)
    return data


def agreed(rows: FrozenRows, name: str) -> Mapping[str, Any] | None:
    """Return what the manifests of all landings say of how they were made, under a name; ``None`` where two say otherwise."""
    said = [manifest.predicate["ipe"].get(name) for manifest in rows.manifests]
    return said[0] if said and all(each == said[0] for each in said) else None
