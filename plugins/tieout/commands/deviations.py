# SPDX-License-Identifier: Apache-2.0
"""``tieout deviations``: what deviates, what management says of it, and which risks it accepts."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tieout.commands.common import bucket_options, open_store, printable
from tieout.settings import from_environment

if TYPE_CHECKING:
    from tieout.audit.deviations import Deviation
    from tieout.evidence.records import Record
    from tieout.evidence.store import S3Store
    from tieout.flows.deviations import Register
    from tieout.flows.status import Program

PERIOD = click.option("--period", "period_id", help="Observation period; default: as tieout status chooses it.")
STATES = ("potential", "confirmed", "not-confirmed")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a command has read: the program's files, every record, and the register of a period, from a store."""

    store: S3Store
    program: Program
    records: list[Record]
    register: Register


def read(bucket: str | None, endpoint_url: str | None, period_id: str | None) -> Reading:
    """Read the register of a period as of now."""
    from tieout.flows.deviations import read_register
    from tieout.flows.status import choose_period, read_holdings, read_program, status

    settings, store, now = from_environment(), open_store(bucket, endpoint_url), datetime.now(UTC)
    program = read_program(settings)
    period = choose_period(program.scope.observation_periods, period_id, program.scope.calendar.day_of(now))
    held = read_holdings(store, now)
    found = status(program, held.facts, period, now)
    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        return Reading(store, program, held.records, read_register(settings, store, program, found, held.index, Path(work)))


@click.group()
def deviations() -> None:
    """Rows that did not meet a rule, performances that were late or missed, and what management says of each.

    Nothing that anybody says takes one away.
    """


@deviations.command("list")
@bucket_options
@PERIOD
@click.option("--control", help="Only those that this control's evidence shows, or that count against it.")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--open", "only_open", is_flag=True, help="Only those without a disposition.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write them to this file instead, safe to open.")
def list_(
    bucket: str | None,
    endpoint_url: str | None,
    period_id: str | None,
    control: str | None,
    state: str | None,
    csv_file: Path | None,
    *,
    only_open: bool,
    as_json: bool,
) -> None:
    """List the deviations of a period, and count them. Exit code 1 while one of them has no disposition."""
    from tieout.flows.deviations import totals

    register = read(bucket, endpoint_url, period_id).register
    listed = [
        each
        for each in register.deviations
        if (control is None or each.concerns(control))
        and (state is None or each.state.value == state.replace("-", " "))
        and (each.is_open or not only_open)
    ]
    counts = totals(listed)
    if csv_file:
        _write_csv(csv_file, listed)
    elif as_json:
        rows = [_as_document(each) for each in listed]
        said = {"observation_period": register.period.id, "as_of": register.as_of, "counts": counts, "deviations": rows}
        click.echo(json.dumps(said, indent=1, default=str))
    else:
        for each in listed:
            click.echo(printable(_line(each)))
    click.echo(", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items()), err=True)
    sys.exit(1 if counts["open"] else 0)


def _line(each: Deviation) -> str:
    observed = each.observed
    what = observed.rule or observed.kind.value
    where = observed.row_key or observed.performance or ""
    gone = "" if observed.in_evidence else "  in evidence no more"
    against = "" if each.against_control == observed.control else f"  against {each.against_control}"
    risk = f"  risk acceptance {each.acceptance_state} until {each.accepted_until}" if each.acceptance else ""
    return f"{each.id[:12]}  {each.state:<13}  {observed.control}  {observed.system}  {what}  {where}{against}{risk}{gone}"


def _as_document(each: Deviation) -> dict[str, Any]:
    return {"control": each.observed.control, **each.as_row(), "open": each.is_open}


def _write_csv(path: Path, listed: Sequence[Deviation]) -> None:
    import pyarrow as pa

    from tieout.audit.deviations import DEVIATION_TYPE
    from tieout.audit.spreadsheet import write_csv
    from tieout.flows.jobs import contract_of

    contract = contract_of(from_environment(), DEVIATION_TYPE)
    columns = pa.schema([pa.field("control", pa.string()), *contract.schema, pa.field("open", pa.bool_())])
    write_csv(path, columns, [pa.Table.from_pylist([_as_document(each) for each in listed], schema=columns)])
    click.echo(f"{len(listed)} deviations written to {path}")


@deviations.command()
@bucket_options
@PERIOD
@click.argument("name", metavar="ID")
def show(bucket: str | None, endpoint_url: str | None, period_id: str | None, name: str) -> None:
    """Show one in full, with everything that was said of it, in order. The first letters of its id are enough."""
    from tieout.flows.deviations import find_deviation
    from tieout.times import instant

    found = find_deviation(read(bucket, endpoint_url, period_id).register, name)
    for column, value in _as_document(found).items():
        if value is not None:
            click.echo(printable(f"{column:<22}  {value}"))
    for given in found.history:
        about = next(kind.value for kind, ids in given.answer.about.items() if found.id in ids)
        earlier = "" if about == found.observed.kind.value else f" (to it as {about}: the state above leaves it out)"
        click.echo(printable(f"{instant(given.at)}  {given.by}{earlier}  {given.document}"))
        for field, value in given.answer.said.items():
            click.echo(printable(f"  {field}: {value}"))
