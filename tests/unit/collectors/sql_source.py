# SPDX-License-Identifier: Apache-2.0
"""A reach to databases by their SQLAlchemy addresses, and an SQLite file of things to read through it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy

from tieout.collectors.frame import Frame
from tieout.collectors.reach import NoReach, SourceConnection

THINGS = "SELECT id, number, ratio, done, at, day, person FROM things WHERE at >= :from AND at < :until"
"""Reads `write_things` in the contract's columns."""
Thing = tuple[Any, ...]


class Engines(NoReach):
    """Hands out engines by name."""

    def __init__(self, **addresses: str) -> None:
        self.addresses = addresses

    def connection(self, conn_id: str) -> SourceConnection:
        """Return what the address says."""
        url = sqlalchemy.make_url(self.addresses[conn_id])
        return SourceConnection(conn_id, "sql", url.host or "", url.port, url.database or "", url.username or "", "", {})

    def database(self, conn_id: str) -> sqlalchemy.Engine:
        """Return an engine of the address."""
        return sqlalchemy.create_engine(self.addresses[conn_id])


def thing(number: int, at: str = "2026-03-05T14:30:00Z", person: str | None = "ann@example.com") -> Thing:
    """Return a row of things."""
    return (f"thing-{number}", number, 0.5, "true", at, "2026-03-05", person)


def write_things(path: Path, rows: Sequence[Thing]) -> None:
    """Write an SQLite file."""
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE things (id TEXT, number INTEGER, ratio REAL, done TEXT, at TEXT, day TEXT, person TEXT)")
        database.executemany("INSERT INTO things VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    database.close()


def reaching(frame: Frame, **addresses: str) -> Frame:
    """Let a frame reach databases; a path becomes the address of an SQLite file."""
    frame.reach = Engines(**addresses)
    return frame
