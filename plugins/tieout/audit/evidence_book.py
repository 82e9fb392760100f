# SPDX-License-Identifier: Apache-2.0
"""The tables of the evidence workbook that say what the evidence says: landings, performances, deviations, selections ... Pure.

Each is a table of facts that the evidence says, so that every figure can be found again by a query over it (`tieout query`).
Nothing is left out because of what management says of it, and nothing is concluded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import pyarrow as pa

from tieout.audit.evidence_queries import Figure
from tieout.audit.pbc_questions import Answered, PbcQuestion
from tieout.audit.pbc_status import PbcStanding
from tieout.audit.workbook import BookTable
from tieout.criteria.standing import Standing
from tieout.evidence.records import Record, RecordKind
from tieout.evidence.register import RegisterRow

_TIME = pa.timestamp("us", tz="UTC")
_AT_ONCE = 5_000
_TEXT = pa.string()


def landings_table(index: Iterable[Mapping[str, Any]]) -> BookTable:
    """Return the landings of a period, those that stand and those that were superseded, as the index has them."""
    names = ("control", "system", "window", "evidence_type", "rows", "potential_deviations", "extraction_state", "lag_seconds")
    columns = pa.schema([
        ("control", _TEXT), ("system", _TEXT), ("window", _TEXT), ("evidence_type", _TEXT), ("rows", pa.int64()),
        ("potential_deviations", pa.int64()), ("extraction_state", _TEXT), ("lag_seconds", pa.int64()), ("collected_at", _TIME),
        ("landed_at", _TIME), ("stands", pa.bool_()), ("landing", _TEXT), ("rows_sha256", _TEXT), ("manifest_key", _TEXT),
        ("supersedes", _TEXT), ("supersede_reason", _TEXT),
    ])  # fmt: skip
    listed = list(index)
    superseded = {row["supersedes"] for row in listed}
    more = ("collected_at", "landed_at", "landing", "rows_sha256", "manifest_key", "supersedes", "supersede_reason")
    rows = ({**{name: row[name] for name in (*names, *more)}, "stands": row["landing"] not in superseded} for row in listed)
    return BookTable("landings", columns, batches(rows, columns))


def performances_table(standings: Iterable[Standing]) -> BookTable:
    """Return every performance of a period: due, late, not performed, not determinable; of events, how many of each."""
    columns = pa.schema([
        ("control", _TEXT), ("system", _TEXT), ("performance", _TEXT), ("state", _TEXT), ("due", pa.date32()),
        ("performed_on", pa.date32()), ("on_time", pa.int64()), ("late", pa.int64()), ("not_performed", pa.int64()),
        ("pending", pa.int64()), ("not_determinable", pa.int64()), ("explanation", _TEXT), ("document", _TEXT),
    ])  # fmt: skip

    def rows() -> Iterator[dict[str, Any]]:
        for standing in standings:
            for each in standing.performances:
                events, names = each.events, ("on_time", "late", "not_performed", "pending", "not_determinable")
                counts = {name: getattr(events, name) if events else None for name in names}
                yield {
                    "control": standing.control, "system": each.system, "performance": each.key, "state": each.state.value,
                    "due": each.due, "performed_on": each.performed_on, "explanation": each.explanation,
                    "document": each.document, **counts,
                }  # fmt: skip

    return BookTable("performances", columns, batches(rows(), columns))


def deviations_table(rows: Iterable[Mapping[str, Any]], columns: pa.Schema) -> BookTable:
    """Return the register of deviations, those in evidence no more among them.

    Args:
        rows: `tieout.audit.deviations.Deviation.as_row`, each with its control.
        columns: Of its contract; the control comes before them.
    """
    whole = pa.schema([pa.field("control", _TEXT), *columns])
    return BookTable("deviations", whole, batches(rows, whole))


def selections_table(selections: Iterable[tuple[Mapping[str, Any], Sequence[int]]]) -> BookTable:
    """Return each selected row: a line for each number, with the selection that it is of.

    Args:
        selections: Facts of each selection (``id``, ``control``, ``system``, ``method``, ``stage``, ``seal``, ``at``), and its
            rows.
    """
    columns = pa.schema([
        ("selection", _TEXT), ("control", _TEXT), ("system", _TEXT), ("method", _TEXT), ("stage", _TEXT), ("recorded_at", _TIME),
        ("number", pa.int64()), ("seal", _TEXT),
    ])  # fmt: skip

    def rows() -> Iterator[dict[str, Any]]:
        for facts, numbers in selections:
            for number in numbers:
                yield {
                    "selection": facts["id"], "control": facts["control"], "system": facts["system"], "method": facts["method"],
                    "stage": facts["stage"], "recorded_at": facts["at"], "number": number, "seal": facts["seal"],
                }  # fmt: skip

    return BookTable("selections", columns, batches(rows(), columns))


def taken_away_table(listed: Iterable[RegisterRow]) -> BookTable:
    """Return everything that did not become evidence, or was taken away from it (`tieout.evidence.register`)."""
    names = [each.name for each in fields(RegisterRow)]
    columns = pa.schema([(name, pa.int64() if name in ("rows", "objects") else _TEXT) for name in names])
    return BookTable("taken away", columns, batches((each.as_document() for each in listed), columns))


def figures_table(figures: Iterable[tuple[Figure, int]]) -> BookTable:
    """Return figures, each with the statement that gives it."""
    columns = pa.schema([("figure", _TEXT), ("value", pa.int64()), ("query", _TEXT)])
    rows = ({"figure": each.about, "value": value, "query": " ".join(each.sql.split())} for each, value in figures)
    return BookTable("figures", columns, batches(rows, columns))


def statements_table(stated: Iterable[tuple[str, Sequence[str], str]]) -> BookTable:
    """Return the statement behind the figures of each table: its name, the columns that are figures, and the statement."""
    columns = pa.schema([("table", _TEXT), ("figures", _TEXT), ("query", _TEXT)])
    rows = ({"table": name, "figures": ", ".join(numbers), "query": sql.strip()} for name, numbers, sql in stated)
    return BookTable("statements", columns, batches(rows, columns))


def extractions_table(standings: Iterable[Standing]) -> BookTable:
    """Return every extraction that was due, whether it came or not."""
    names = ("control", "system", "window", "state", "landing", "document", "reason")
    columns = pa.schema([(name, _TEXT) for name in names])

    def rows() -> Iterator[dict[str, Any]]:
        for standing in standings:
            for each in standing.extractions.due:
                yield {
                    "control": standing.control, "system": each.system, "window": each.window, "state": each.state.value,
                    "landing": each.landing, "document": each.document, "reason": each.reason,
                }  # fmt: skip
            for window, system in standing.extractions.awaited:
                yield {"control": standing.control, "system": system, "window": window, "state": "awaited"}

    return BookTable("extractions", columns, batches(rows(), columns))


def explanations_table(records: Iterable[Record]) -> BookTable:
    """Return what was explained: performances, and differences of a true-up or a reconciliation."""
    names = ("control", "system", "window", "explanation", "by", "document")
    columns = pa.schema([*((name, _TEXT) for name in names), ("recorded_at", _TIME)])
    rows = (
        {
            "control": each.place.control, "system": each.system, "window": each.place.window, "explanation": each.reason,
            "by": each.by, "document": each.key, "recorded_at": each.at,
        }
        for each in records
        if each.kind is RecordKind.EXPLAINED
    )  # fmt: skip
    return BookTable("explanations", columns, batches(rows, columns))


def tool_changes_table(index: Iterable[Mapping[str, Any]], code: Mapping[str, str]) -> BookTable:
    """Return what changed in Tieout itself over the landings of a period: control files, contracts, statements, code.

    Args:
        index: Rows of the index.
        code: Version of the code that each landing was made with, by its id.
    """
    names = ("what", "of", "before", "after", "landing")
    columns = pa.schema([*((name, _TEXT) for name in names), ("first_landed_at", _TIME)])

    def rows() -> Iterator[dict[str, Any]]:
        last: dict[tuple[str, str], str] = {}
        for row in sorted(index, key=lambda row: (row["landed_at"], row["landing"])):
            said = {
                ("control file", row["control"]): row["control_sha256"],
                ("statement", row["control"]): f"v{row['statement_version']}",
                ("contract", row["evidence_type"]): row["contract_sha256"],
                ("code", "tieout"): code.get(row["landing"], ""),
            }
            for name, value in said.items():
                before = last.get(name)
                if before != value:
                    last[name] = value
                    what = {"what": name[0], "of": name[1], "before": before, "after": value}
                    yield {**what, "landing": row["landing"], "first_landed_at": row["landed_at"]}

    return BookTable("changes to the tool", columns, batches(rows(), columns))


def requests_table(standings: Iterable[PbcStanding]) -> BookTable:
    """Return the requests of an auditor's list: our status beside theirs, what answers them, and what is not there, with why."""
    names = ("request", "text", "criteria", "owner", "auditors_status", "our_status", "evidence", "not_there", "suggested")
    columns = pa.schema([*((name, _TEXT) for name in names), ("due", pa.date32())])
    rows = (
        {
            "request": each.request.id, "text": each.request.text, "criteria": ", ".join(each.request.criteria),
            "owner": each.request.owner, "due": each.request.due, "auditors_status": each.request.auditor_status,
            "our_status": each.state.value, "evidence": "\n".join(found.as_text() for found in each.evidence),
            "not_there": "\n".join(each.gaps),
            "suggested": ", ".join(match.control for match in each.request.matches if match.is_suggestion),
        }
        for each in standings
    )  # fmt: skip
    return BookTable("requests", columns, batches(rows, columns))


def questions_table(questions: Iterable[PbcQuestion]) -> BookTable:
    """Return the questions about requests, each with a line for itself and one for every answer, in their order."""
    names = ("request", "question", "side", "text", "by", "document")
    columns = pa.schema([*((name, _TEXT) for name in names), ("at", _TIME)])

    def line(question: PbcQuestion, said: PbcQuestion | Answered) -> dict[str, Any]:
        return {
            "request": question.request, "question": question.id, "side": said.side.value, "text": said.text, "by": said.by,
            "document": said.key, "at": said.at,
        }  # fmt: skip

    rows = (row for each in questions for row in (line(each, each), *(line(each, answer) for answer in each.answers)))
    return BookTable("questions", columns, batches(rows, columns))


def period_populations_table(files: Iterable[Mapping[str, Any]]) -> BookTable:
    """Return the files of rows of a package: how many there are, the seal of what stands, and the statement that counts them.

    Args:
        files: ``file``, ``control``, ``system``, ``of``, ``rows``, ``rows_in_landings``, ``seal``, ``was_sealed``, ``landing``,
            ``query`` of each.
    """
    texts = ("file", "control", "system", "of", "seal", "landing", "query")
    numbers = (("rows", pa.int64()), ("rows_in_landings", pa.int64()), ("was_sealed", pa.bool_()))
    columns = pa.schema([*((name, _TEXT) for name in texts), *numbers])
    return BookTable("populations", columns, batches(files, columns))


def batches(rows: Iterable[Mapping[str, Any]], columns: pa.Schema) -> Iterator[pa.Table]:
    """Yield rows in tables of some thousand each."""
    some: list[Mapping[str, Any]] = []
    for row in rows:
        some.append(row)
        if len(some) == _AT_ONCE:
            yield pa.Table.from_pylist(some, schema=columns)
            some = []
    yield pa.Table.from_pylist(some, schema=columns)
