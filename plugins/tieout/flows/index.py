# SPDX-License-Identifier: Apache-2.0
"""Query the index with DuckDB, reading live what no index file holds yet; and build it anew from the manifests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.errors import VerificationError
from tieout.evidence.index import SCHEMA, index_table, read_index, write_index
from tieout.evidence.layout import INDEX, MANIFESTS, Class, index_key, partition_values
from tieout.evidence.manifest import Manifest
from tieout.evidence.store import ObjectVersion, S3Store
from tieout.flows.chain import standing_chain
from tieout.flows.documents import firsts, read_all

_WORKERS = 8
_QUERY = """
SELECT * FROM landings
WHERE ($period IS NULL OR manifest_key LIKE 'manifests/observation_period=' || $period || '/%')
  AND ($control IS NULL OR control = $control)
  AND ($superseded OR landing NOT IN (SELECT supersedes FROM landings WHERE supersedes IS NOT NULL))
ORDER BY control, "window", system, landed_at
"""


def landings(
    store: S3Store, *, period: str | None = None, control: str | None = None, superseded: bool = False
) -> list[dict[str, Any]]:
    """Return a row per landing (`tieout.evidence.index.SCHEMA`), by control, window, system and time of landing.

    Args:
        store: The evidence bucket.
        period: Only this observation period.
        control: Only this control.
        superseded: Whether landings that another supersedes are listed too.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    import duckdb

    indexed = stored_index(store)
    tail = index_table(_manifests(store, _unindexed(store, indexed)))
    with duckdb.connect() as connection:
        connection.register("landings", pa.concat_tables([indexed, tail]))
        arguments = {"period": period, "control": control, "superseded": superseded}
        rows: list[dict[str, Any]] = connection.sql(_QUERY, params=arguments).to_arrow_table().to_pylist()
    return rows


def standing_rows(index: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of an index whose landings no other supersedes."""
    listed = list(index)
    gone = {row["supersedes"] for row in listed}
    return [row for row in listed if row["landing"] not in gone]


def stored_index(store: S3Store) -> pa.Table:
    """Return every row of the index as it is stored; a file that is no index is left out: verification names it."""

    def one(version: ObjectVersion) -> pa.Table:
        try:
            return read_index(store.read(version.key, version.version_id) or b"", version.key)
        except VerificationError:
            return SCHEMA.empty_table()

    with ThreadPoolExecutor(_WORKERS) as pool:
        return pa.concat_tables([SCHEMA.empty_table(), *pool.map(one, firsts(store, INDEX, (Class.INDEX,)).values())])


def _unindexed(store: S3Store, indexed: pa.Table) -> list[ObjectVersion]:
    known = set(indexed["manifest_key"].to_pylist())
    return [version for key, version in firsts(store, MANIFESTS, (Class.MANIFEST,)).items() if key not in known]


def _manifests(store: S3Store, versions: list[ObjectVersion]) -> list[Manifest]:
    return [document for document in read_all(store, versions).values() if isinstance(document, Manifest)]


def index_files(store: S3Store, named: Mapping[tuple[str, str], int], known: set[str]) -> dict[str, list[Manifest]]:
    """Return the index files that the chain asks for, with their landings.

    A landing is indexed under the digest that names it, so that two runs at once write the same file, and a killed one is made
    good by the next.

    Args:
        store: The evidence bucket.
        named: Sequence of the digest that names a version.
        known: Keys of manifests that are left out.
    """
    files: dict[str, list[ObjectVersion]] = {}
    for key, version in firsts(store, MANIFESTS, (Class.MANIFEST,)).items():
        sequence = named.get((key, version.version_id))
        if sequence is not None and key not in known:
            files.setdefault(index_key(partition_values(key)["observation_period"], sequence), []).append(version)
    found = {key: _manifests(store, versions) for key, versions in files.items()}
    return {key: manifests for key, manifests in found.items() if manifests}


def rebuild(store: S3Store, folder: Path) -> list[str]:
    """Build the index anew from chain and manifests, write it under a folder, and hold it against the bucket's.

    Returns:
        A line for each file of the bucket that is not there, says something else, or should not be there.
    """
    built = {key: index_table(found) for key, found in index_files(store, standing_chain(store).named, set()).items()}
    stored = firsts(store, INDEX, (Class.INDEX,))
    differing = [f"{key}: the manifests ask for no such file" for key in stored if key not in built]
    for key, table in built.items():
        target = folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(write_index(table))
        if key not in stored:
            differing.append(f"{key}: not in the bucket; the next digest writes it")
            continue
        try:
            same = read_index(store.read(key, stored[key].version_id) or b"", key).equals(table)
        except VerificationError as error:
            differing.append(str(error))
            continue
        if not same:
            differing.append(f"{key}: it does not say what the manifests say")
    return sorted(differing)
