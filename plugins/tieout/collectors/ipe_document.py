# SPDX-License-Identifier: Apache-2.0
"""The IPE record as a manifest states it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tieout.collectors.ipe import ClockOffset, IPERecord, SequenceGaps
from tieout.times import instant


def ipe_document(record: IPERecord) -> dict[str, Any]:
    """Return the record as the manifest states it: JSON values only."""
    return {
        "kind": record.kind.value,
        "system": record.system,
        "environment": record.environment,
        "collector": record.collector,
        "source": {"kind": record.source.kind, "location": record.source.location, "account": record.source.account},
        "request": {"query": record.source.query, "parameters": record.source.parameters},
        "credential": {"identity": record.source.credential, "read_only_proof": record.source.read_only_proof},
        "started_at": instant(record.started_at),
        "finished_at": instant(record.finished_at),
        "source_total": {"rows": record.source_total.rows, "how": record.source_total.how},
        "second_count": {
            "rows": record.second_count.rows,
            "how": record.second_count.how,
            "class": record.second_count.independence.value,
        },
        "rows_read": record.rows_read,
        "rows_in_window": record.rows_in_window,
        "drops": [{"reason": drop.reason, "rows": drop.rows, "keys": list(drop.keys)} for drop in record.drops],
        "attempts": [
            {"answer": each.answer, "count": each.count, "waited_seconds": round(each.waited_seconds, 1)}
            for each in record.attempts
        ],
        "first": _edge(record.first),
        "last": _edge(record.last),
        "sequence_gaps": _gaps(record.sequence_gaps),
        "clock_offset": _offset(record.clock_offset),
        "source_rules": [{"rule": each.rule, "name": each.name, "not_met": len(each.rows)} for each in record.source_rules],
        "blind_spots": list(record.source.blind_spots),
        "pages": [{**asdict(page), "redactions": [asdict(redaction) for redaction in page.redactions]} for page in record.pages],
        "code": record.code,
        "airflow": None if record.airflow is None else asdict(record.airflow),
    }


def _edge(edge: tuple[str, str] | None) -> dict[str, str] | None:
    return None if edge is None else {"key": edge[0], "time": edge[1]}


def _gaps(gaps: SequenceGaps | None) -> dict[str, Any]:
    if gaps is None:
        return {"checked": False, "why": "the population names no column that holds a sequence"}
    return {
        "checked": True,
        "column": gaps.column,
        "first": gaps.first,
        "last": gaps.last,
        "missing": gaps.missing,
        "gaps": [list(gap) for gap in gaps.gaps],
    }


def _offset(offset: ClockOffset | None) -> dict[str, Any]:
    if offset is None:
        return {"seconds": None, "why": "the source states no clock of its own"}
    return {"seconds": round(offset.seconds, 1), "how": offset.how}
