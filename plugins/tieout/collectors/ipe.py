# SPDX-License-Identifier: Apache-2.0
"""The IPE record: how rows were produced, so that an auditor can judge whether they are complete and accurate.

Information produced by the entity is judged by its source, its parameters or query, its match to the source, and gaps in
sequence or timing (AT-C section 205, paragraph 36, as practitioners apply it). Each of these has its fields here. The frame
writes the record; a collector only states what it alone can know.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class SecondCountClass(StrEnum):
    """How independent of the rows a second count is, from strongest to none."""

    OTHER_SYSTEM = "other system"
    OTHER_ENDPOINT = "other endpoint"
    SAME_ENDPOINT = "same endpoint"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SourceStatement:
    """What a collector states about its source and its request.

    Attributes:
        kind: What the source is, for example ``git repository``.
        location: Where it is, without credentials.
        account: Account or tenant there; ``None`` where the source has none.
        query: The exact request, command or query.
        parameters: What was bound into it.
        credential: Identity that read it.
        read_only_proof: How it is known that this identity can not write; says so where it is not.
        blind_spots: What the source can not show.
    """

    kind: str
    location: str
    account: str | None
    query: str
    parameters: dict[str, str]
    credential: str
    read_only_proof: str
    blind_spots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """A number of rows and how it was got."""

    rows: int
    how: str


@dataclass(frozen=True, slots=True)
class SecondCount:
    """A second count of the source's rows, with the class of its independence."""

    rows: int
    how: str
    independence: SecondCountClass


MAX_KEYS = 1000
"""Keys of dropped rows that an IPE record lists for each reason; the raw pages hold all of them."""
MAX_GAPS = 100
"""Gaps of a sequence that an IPE record lists."""


class Kind(StrEnum):
    """What information produced by the entity is used for."""

    POPULATION = "population for testing"
    REPORT = "report used in a control"


@dataclass(frozen=True, slots=True)
class Drop:
    """Rows that were read and are not in the population, and why.

    Attributes:
        reason: Why.
        rows: How many.
        keys: The keys of the first `MAX_KEYS` of them, in the order in which they came.
    """

    reason: str
    rows: int
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """Answers of one kind that were no usable page, and were asked for again."""

    answer: str
    count: int
    waited_seconds: float


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """How far the source's clock is from ours; positive where it is ahead."""

    seconds: float
    how: str


@dataclass(frozen=True, slots=True)
class SequenceGaps:
    """What is missing in a sequence of numbers that the window's rows should have.

    Attributes:
        column: The column whose last digits are the number.
        first: Least number; ``None`` where there is no row.
        last: Greatest number.
        missing: Numbers between them that no row has.
        gaps: The first `MAX_GAPS` gaps, each first and last missing number.
    """

    column: str
    first: int | None
    last: int | None
    missing: int
    gaps: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Unmet:
    """A rule that a source itself did not meet, which no row of the population can show.

    Attributes:
        rule: Its id, such as ``history_only_grows``.
        name: What was expected, as people read it.
        rows: Key and reason of each thing that did not meet it; the key is a JSON object, as of a rule result.
    """

    rule: str
    name: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Redaction:
    """What was taken out of a page before it was kept: what, how, and how often."""

    what: str
    how: str
    count: int


@dataclass(frozen=True, slots=True)
class RawPage:
    """One page as the source gave it, or as much of it as may be kept.

    Attributes:
        name: Its file name in the bucket, ``page-00000.csv.zst``.
        media_type: Of the page as received.
        received_sha256: Hash of the bytes as received.
        received_bytes: How many there were.
        stored_sha256: Hash of the bytes as stored: compressed, after redaction.
        stored_bytes: How many there are.
        redactions: What it was searched for and, so often, replaced; empty where the page is kept as it came.
    """

    name: str
    media_type: str
    received_sha256: str
    received_bytes: int
    stored_sha256: str
    stored_bytes: int
    redactions: tuple[Redaction, ...] = ()


@dataclass(frozen=True, slots=True)
class AirflowRun:
    """The task that ran the extraction."""

    dag_id: str
    run_id: str
    task_id: str
    try_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IPERecord:
    """One extraction, as far as completeness and accuracy go. Times are UTC and asserted by the entity."""

    system: str
    environment: str
    collector: str
    source: SourceStatement
    started_at: datetime
    finished_at: datetime
    source_total: Count
    second_count: SecondCount
    rows_read: int
    rows_in_window: int
    drops: tuple[Drop, ...]
    first: tuple[str, str] | None
    last: tuple[str, str] | None
    pages: tuple[RawPage, ...]
    code: dict[str, Any]
    airflow: AirflowRun | None
    kind: Kind = Kind.POPULATION
    attempts: tuple[Attempt, ...] = ()
    clock_offset: ClockOffset | None = None
    sequence_gaps: SequenceGaps | None = None
    source_rules: tuple[Unmet, ...] = ()
    """What the source was held against beyond its rows; one without rows was met."""

    @property
    def expected_rows(self) -> int:
        """Rows that the second count says the window holds, once the drops are taken off."""
        return self.second_count.rows - sum(drop.rows for drop in self.drops)
