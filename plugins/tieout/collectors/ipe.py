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

from tieout.times import instant


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


@dataclass(frozen=True, slots=True)
class Drop:
    """Rows that were read and are not in the population, and why."""

    reason: str
    rows: int


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

    @property
    def expected_rows(self) -> int:
        """Rows that the second count says the window holds, once the drops are taken off."""
        return self.second_count.rows - sum(drop.rows for drop in self.drops)

    def as_document(self) -> dict[str, Any]:
        """Return the record as the manifest states it: JSON values only."""
        return {
            "kind": "population for testing",
            "system": self.system,
            "environment": self.environment,
            "collector": self.collector,
            "source": {"kind": self.source.kind, "location": self.source.location, "account": self.source.account},
            "request": {"query": self.source.query, "parameters": self.source.parameters},
            "credential": {"identity": self.source.credential, "read_only_proof": self.source.read_only_proof},
            "started_at": instant(self.started_at),
            "finished_at": instant(self.finished_at),
            "source_total": {"rows": self.source_total.rows, "how": self.source_total.how},
            "second_count": {
                "rows": self.second_count.rows,
                "how": self.second_count.how,
                "class": self.second_count.independence.value,
            },
            "rows_read": self.rows_read,
            "rows_in_window": self.rows_in_window,
            "drops": [{"reason": drop.reason, "rows": drop.rows} for drop in self.drops],
            "first": _edge(self.first),
            "last": _edge(self.last),
            "sequence_gaps": {"checked": False, "why": "the key is no sequence"},
            "clock_offset": {"seconds": None, "why": "the source states no clock of its own"},
            "blind_spots": list(self.source.blind_spots),
            "pages": [
                {
                    "name": page.name,
                    "media_type": page.media_type,
                    "received_sha256": page.received_sha256,
                    "received_bytes": page.received_bytes,
                    "stored_sha256": page.stored_sha256,
                    "stored_bytes": page.stored_bytes,
                    "redactions": [
                        {"what": redaction.what, "how": redaction.how, "count": redaction.count} for redaction in page.redactions
                    ],
                }
                for page in self.pages
            ],
            "code": self.code,
            "airflow": None
            if self.airflow is None
            else {
                "dag_id": self.airflow.dag_id,
                "run_id": self.airflow.run_id,
                "task_id": self.airflow.task_id,
                "try_number": self.airflow.try_number,
            },
        }


def _edge(edge: tuple[str, str] | None) -> dict[str, str] | None:
    return None if edge is None else {"key": edge[0], "time": edge[1]}
