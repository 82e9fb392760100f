# SPDX-License-Identifier: Apache-2.0
"""Captures a query's rows as pages of JSON lines, and reads them back as tables of text.

A page's first line is ``{"columns": [...], "first_row": 1}``; each further line is one row, an object with the columns' names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from tieout.collectors.frame import Frame
from tieout.collectors.sql_errors import as_our_errors
from tieout.collectors.sql_values import Texts, as_json
from tieout.contracts.cast import POSITION_COLUMN
from tieout.errors import ConfigurationError, TieoutError

if TYPE_CHECKING:
    from sqlalchemy import Connection

PAGE_BYTES = 64 * 1024 * 1024
"""A page is closed once so much JSON stands in it."""
_BATCH = 10_000
_BLOCK = 1024 * 1024


def capture_rows(frame: Frame, connection: Connection, query: str, bounds: dict[str, Any], origin: str) -> list[Path]:
    """Run a query, and capture its rows as they come from the database; memory holds one batch.

    Returns:
        The captured pages, at least one.

    Raises:
        ConfigurationError: The query or the rights are wrong, it names a column twice, or a value has no JSON form.
        SourceUnavailable: The database stopped answering; what came before is captured.
    """
    import sqlalchemy

    streamed = connection.execution_options(yield_per=_BATCH)
    with as_our_errors(origin), streamed.execute(sqlalchemy.text(query), bounds) as result:
        columns = tuple(result.keys())
        twice = next((name for name in columns if columns.count(name) > 1), None)
        if twice is not None:
            msg = f"parameter 'query': column {twice!r} comes twice. Name each column once."
            raise ConfigurationError(msg)
        rows = _Rows(result.partitions(_BATCH), columns, origin)
        pages = []
        while rows.more():
            pages.append(frame.capture(rows.page(), ".jsonl", "application/x-ndjson"))
        if rows.problem is not None:  # after the page that it broke is kept
            raise rows.problem
        return pages


class _Rows:
    """The rows of a result, cut into pages."""

    def __init__(self, batches: Iterator[Sequence[Any]], columns: tuple[str, ...], origin: str) -> None:
        self._batches, self._columns, self._origin = batches, columns, origin
        fields = (json.dumps(name, ensure_ascii=False).replace("%", "%%") + ":%s" for name in columns)
        self._line = "{" + ",".join(fields) + "}\n"
        self._read = 0
        self._first = 1
        """Number of the first row in what was read last."""
        self._ahead: bytes | None = None
        self._ended = False
        self.problem: TieoutError | None = None

    def more(self) -> bool:
        """Whether another page has to be written; the first one always has."""
        return not self._ended

    def page(self) -> Iterator[bytes]:
        """Yield one page, piece by piece; what breaks ends it, and stands in ``problem``."""
        size, first = 0, self._read + 1 if self._ahead is None else self._first
        head = {"columns": self._columns, "first_row": first}
        yield json.dumps(head, ensure_ascii=False).encode() + b"\n"
        lines = self._ahead or self._lines()
        while lines is not None:
            size += len(lines)
            yield lines
            lines = self._lines()
            if size >= PAGE_BYTES and lines is not None:
                self._ahead = lines
                return
        self._ended = True

    def _lines(self) -> bytes | None:
        try:
            with as_our_errors(self._origin):
                batch = next(self._batches, None)
                if not batch:
                    return None
                columns = [as_json(column, name) for column, name in zip(zip(*batch, strict=True), self._columns, strict=True)]
        except TieoutError as error:
            self.problem = error
            return None
        self._first, self._read = self._read + 1, self._read + len(batch)
        return "".join(map(self._line.__mod__, zip(*columns, strict=True))).encode()


def read_pages(pages: Sequence[Path], names: dict[str, str], texts: Texts) -> Iterator[pa.Table]:
    """Read captured pages as tables of text with `POSITION_COLUMN`; at least one table, be it empty.

    Args:
        pages: What `capture_rows` returned.
        names: A column's name in the contract, by its name in the query, where the two differ.
        texts: Turns values into text.

    Raises:
        ConfigurationError: A time has no zone, and none is stated.
    """
    position = 1
    for page in pages:
        with pa.input_stream(str(page), compression="zstd") as stored:
            lines = _lines_of(stored)
            columns = json.loads(next(lines))["columns"]
            first = page == pages[0]
            while (batch := list(islice(lines, _BATCH))) or first:
                first = False
                rows = json.loads(b"[" + b",".join(batch) + b"]")
                arrays = {names.get(name, name): texts.column([row[name] for row in rows], name) for name in columns}
                arrays[POSITION_COLUMN] = pa.array(np.arange(position, position + len(rows)))
                position += len(rows)
                yield pa.table(arrays)


def _lines_of(stored: Any) -> Iterator[bytes]:
    rest = b""
    while block := stored.read(_BLOCK):
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
