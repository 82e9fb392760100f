# SPDX-License-Identifier: Apache-2.0
"""``tieout pbc``: the auditor's request list: imported, matched with evidence, and exported back into its own layout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tieout.commands.common import bucket_options, open_store, printable
from tieout.settings import from_environment

if TYPE_CHECKING:
    from tieout.audit.pbc_questions import Answered, PbcQuestion
    from tieout.audit.pbc_status import PbcStanding
    from tieout.flows.pbc import ImportedList

_INDENT = " " * 14
_DATES = click.Choice(["DMY", "MDY"])


@click.group()
def pbc() -> None:
    """The auditor's list of requests (provided by client), in the auditor's own layout."""


@pbc.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--list", "name", required=True, help="Name of the list: include/criteria/pbc/<name>.yaml.")
@click.option("--period", help="Observation period that it is for; needed the first time.")
@click.option("--sheet", help="Sheet of the workbook; needed where it has several.")
@click.option("--header-rows", help="Rows of the headings, where they are not found: 3, or 3-4.")
@click.option("--column", "columns", multiple=True, metavar="FIELD=LETTER", help="Column of a field: text=B, due=E.")
@click.option("--dates", type=_DATES, help="How dates in figures alone are meant: day or month first.")
def import_(
    file: Path, name: str, period: str | None, sheet: str | None, header_rows: str | None, columns: tuple[str, ...], dates: Any
) -> None:
    """Import an edition of the auditor's FILE (XLSX or CSV), and say what of it is not understood.

    How its columns are mapped is remembered. A later edition keeps ids and matches; what it has no more is kept as withdrawn.
    """
    from tieout.flows.pbc import Said, import_list, write_list

    settings = from_environment()
    said = Said(sheet=sheet, header_rows=_rows(header_rows), columns=dict(map(_column, columns)), dates=dates)
    found = import_list(settings, name, file, period, said)
    path = write_list(settings, name, found.requests)
    for line in _import_lines(found):
        click.echo(printable(line))
    click.echo(printable(f"{len(found.imported.requests)} requests in {path}"))


@pbc.command()
@click.option("--list", "name", required=True, help="Name of the list.")
@click.option("--suggest", is_flag=True, help="Suggest controls for requests without any; nobody has confirmed them then.")
@click.option("--request", "request_id", help="Id of the request that is matched.")
@click.option("--control", help="Control whose evidence answers it.")
@click.option("--system", help="Only this system of it.")
@click.option("--window", help="Only this window.")
@click.option("--by", help="Who says that it matches: a role or a person id.")
def match(
    name: str,
    request_id: str | None,
    control: str | None,
    system: str | None,
    window: str | None,
    by: str | None,
    *,
    suggest: bool,
) -> None:
    """Match a request with a control, or have controls suggested."""
    from tieout.criteria.pbc import PbcMatch
    from tieout.flows.pbc import match_request, read_list, suggest_matches, write_list
    from tieout.flows.status import read_program

    settings = from_environment()
    requests, controls = read_list(settings, name), read_program(settings).controls
    if suggest == bool(request_id or control):
        raise click.UsageError("give --suggest, or --request with --control and --by.")
    if suggest:
        made = suggest_matches(requests, controls)
    elif request_id is None or control is None:
        raise click.UsageError("--request and --control go together.")
    else:
        made = match_request(requests, request_id, PbcMatch(control=control, system=system, window=window, by=by), controls)
    before = {each.id: each.matches for each in requests.requests}
    changed = [each for each in made.requests if each.matches != before[each.id]]
    write_list(settings, name, made)
    for each in changed:
        listed = ", ".join(f"{one.control}{' (suggested)' if one.is_suggestion else ''}" for one in each.matches)
        click.echo(printable(f"{each.id}  {listed}"))
    click.echo(f"{len(changed)} requests changed")


@pbc.command("status")
@bucket_options
@click.option("--list", "name", required=True, help="Name of the list.")
@click.option("--request", "request_id", help="Only this request, with its questions and their answers.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, with every question.")
def status_(bucket: str | None, endpoint_url: str | None, name: str, request_id: str | None, *, as_json: bool) -> None:
    """Show where each request stands: our status beside the auditor's, what has landed, and what has not and why.

    Open questions are counted. Exit code 1 while a request has no evidence, or not all of it; a question does not change it.
    """
    from tieout.audit.pbc_status import PbcState
    from tieout.flows.pbc_standing import find_standing

    found, questions = _standings(bucket, endpoint_url, name)
    if request_id is not None:
        found = [find_standing(found, request_id)]
    about = {each.request.id: [one for one in questions if one.request == each.request.id] for each in found}
    if as_json:
        click.echo(json.dumps([_as_document(each, about[each.request.id]) for each in found], indent=1, default=str))
    else:
        for each in found:
            for line in _status_lines(each, about[each.request.id], whole=request_id is not None):
                click.echo(printable(line))
    counts = {state.value: sum(each.state is state for each in found) for state in PbcState}
    asked = sum(one.is_open for several in about.values() for one in several)
    listed = [*(f"{count} {state}" for state, count in counts.items() if count), *([_counted(asked)] if asked else [])]
    click.echo(", ".join(listed), err=True)
    sys.exit(0 if all(each.state in (PbcState.LANDED, PbcState.WITHDRAWN) for each in found) else 1)


@pbc.command()
@bucket_options
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--list", "name", required=True, help="Name of the list.")
@click.option("--to", "target", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
def export(bucket: str | None, endpoint_url: str | None, file: Path, name: str, target: Path) -> None:
    """Write the auditor's FILE, as it was imported last, with our status, evidence and comment filled in.

    Questions and answers go into the column that was mapped for them (--column questions=K when it was imported), or a sheet
    that is added. Nothing of the auditor's is changed.
    """
    from tieout.flows.pbc import read_list
    from tieout.flows.pbc_files import write_back
    from tieout.flows.pbc_standing import exported

    found, questions = _standings(bucket, endpoint_url, name)
    values = exported(found)
    lost = write_back(file, target, read_list(from_environment(), name), values, questions)
    for each in lost:
        click.echo(f"not kept: {each}", err=True)
    click.echo(printable(f"{len(values)} requests in {target}"))


def _standings(bucket: str | None, endpoint_url: str | None, name: str) -> tuple[list[PbcStanding], list[PbcQuestion]]:
    from tieout.flows.pbc import read_list
    from tieout.flows.pbc_questions import read_questions
    from tieout.flows.pbc_standing import pbc_status
    from tieout.flows.status import choose_period, read_facts, read_program, status

    settings, now = from_environment(), datetime.now(UTC)
    requests, program, store = read_list(settings, name), read_program(settings), open_store(bucket, endpoint_url)
    today = program.scope.calendar.day_of(now)
    period = choose_period(program.scope.observation_periods, requests.observation_period, today)
    return pbc_status(requests, status(program, read_facts(store, now), period, now)), read_questions(store, name)


def _rows(text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    first, _, last = text.partition("-")
    if not first.isdigit() or not (last or first).isdigit() or int(last or first) < int(first):
        raise click.UsageError(f"--header-rows: expected rows such as 3 or 3-4, got {text!r}.")
    return tuple(range(int(first), int(last or first) + 1))


def _column(text: str) -> tuple[Any, str]:
    from tieout.criteria.pbc import PbcField

    field, _, letter = text.partition("=")
    if field not in list(PbcField) or not letter.isalpha() or len(letter) > 2:
        raise click.UsageError(f"--column: expected FIELD=LETTER with a field of {', '.join(PbcField)}, got {text!r}.")
    return PbcField(field), letter.upper()


def _import_lines(found: ImportedList) -> Iterator[str]:
    layout = found.requests.layout
    for field, letter in layout.columns.items():
        yield f"{field:<16}column {letter:<3}{layout.headings.get(field, '')}"
    for problem in found.imported.not_understood:
        where = f"row {problem.row}, {problem.field}" if problem.field else f"row {problem.row}"
        yield f"{where}: {problem.shown!r}: {problem.why}" if problem.shown else f"{where}: {problem.why}"
    if found.imported.blank:
        yield f"{found.imported.blank} blank rows between requests"
    for what, ids in (("new", found.changes.new), ("changed", found.changes.changed), ("withdrawn", found.changes.withdrawn)):
        if ids:
            yield f"{what}: {len(ids)}: {', '.join(ids[:20])}{' ...' if len(ids) > 20 else ''}"


def _status_lines(each: PbcStanding, questions: Sequence[PbcQuestion], *, whole: bool) -> Iterator[str]:
    request, asked = each.request, sum(one.is_open for one in questions)
    due = f"  due {request.due}" if request.due else ""
    counted = f"  {_counted(asked)}" if asked else ""
    text = " ".join(request.text.split())[: None if whole else 80]
    yield f"{request.id:<12}  {each.state:<24}  auditor: {request.auditor_status or '-'}{due}{counted}  {text}"
    for match_ in request.matches:
        if match_.is_suggestion:
            yield f"{_INDENT}suggested, confirmed by nobody: {match_.as_text()}"
        elif whole:
            yield f"{_INDENT}matched by {match_.by}: {match_.as_text()}"
    yield from (f"{_INDENT}{one.as_text()}" for one in each.evidence)
    yield from (f"{_INDENT}not there: {gap}" for gap in each.gaps)
    yield from (f"{_INDENT}awaited: {one}" for one in each.awaited)
    if whole:
        yield from (f"{_INDENT}{line}" for one in questions for line in _question_lines(one))


def _question_lines(question: PbcQuestion) -> Iterator[str]:
    """Yield a question and its answers, who entered each and when, and the ids that name them."""
    yield f"question {question.id}  {_said(question)}{'  open' if question.is_open else ''}"
    yield from (f"  {line}" for line in question.text.splitlines())
    for each in question.answers:
        yield f"answer {each.id}  {_said(each)}"
        yield from (f"  {line}" for line in each.text.splitlines())


def _said(each: PbcQuestion | Answered) -> str:
    return f"{each.side}, {each.at:%Y-%m-%d %H:%M} UTC, entered by {each.by}"


def _counted(questions: int) -> str:
    return f"{questions} open question{'' if questions == 1 else 's'}"


def _as_document(each: PbcStanding, questions: Iterable[PbcQuestion]) -> dict[str, Any]:
    return {
        **each.request.model_dump(mode="json"),
        "our_status": each.state.value,
        "evidence": [one.as_document() for one in each.evidence],
        "gaps": list(each.gaps),
        "awaited": list(each.awaited),
        "questions": [one.as_document() for one in questions],
    }
