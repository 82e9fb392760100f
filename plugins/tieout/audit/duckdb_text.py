# SPDX-License-Identifier: Apache-2.0
"""Pieces of DuckDB queries over landed rows: names and texts in quotes, columns as text and as JSON.

A column reads the same in every session, so that columns of two contracts can be compared and hashed.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa


def as_text(name: str, kind: pa.DataType) -> str:
    """Return a column as text, the same in every session: times as RFC 3339 in UTC."""
    if pa.types.is_timestamp(kind):
        return f"strftime(make_timestamp(epoch_us({quoted(name)})), '%Y-%m-%dT%H:%M:%S.%fZ')"
    return f"CAST({quoted(name)} AS VARCHAR)"


def as_value(name: str, kind: pa.DataType) -> str:
    """Return a column of a key as JSON, as `tieout.contracts.listing.row_keys` writes it."""
    return as_text(name, kind) if pa.types.is_integer(kind) else f"to_json({as_text(name, kind)})"


def as_json(values: Mapping[str, str]) -> str:
    """Return the expression of a JSON object, as `json.dumps` spaces it."""
    parts: list[str] = []
    for number, (name, value) in enumerate(values.items()):
        parts += [literal(f'{"{" if number == 0 else ", "}"{name}": '), f"coalesce(CAST({value} AS VARCHAR), 'null')"]
    return f"concat({', '.join(parts)}, '}}')"


def quoted(name: str) -> str:
    """Return a name of a column in quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text in quotes."""
    return "'" + text.replace("'", "''") + "'"
