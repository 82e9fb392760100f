# SPDX-License-Identifier: Apache-2.0
"""``tieout query``: SQL over what landed, in a bucket or a copied folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tieout.commands.common import open_evidence, printable, where_options

if TYPE_CHECKING:
    import pyarrow as pa

MOST_SHOWN = 1_000
"""Rows that a terminal shows; a file has all."""
_WIDEST = 60


@click.command()
@where_options
@click.argument("sql", required=False)
@click.option("--ready", "name", is_flag=False, flag_value="", metavar="[NAME]", help="A ready question; no name lists them.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write all rows to this file, safe to open.")
def query(
    bucket: str | None,
    endpoint_url: str | None,
    copy_folder: Path | None,
    sql: str | None,
    name: str | None,
    csv_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Run one SELECT statement over what landed: each evidence type is a table, and so are landings.

    change_record has the rows of landings that stand, all_change_record those of every landing; records and responses are tables,
    too. Signatures are not checked: tieout verify does that.
    """
    from tieout.audit.questions import QUESTIONS
    from tieout.audit.spreadsheet import write_csv
    from tieout.flows.query import evidence_database, run_query

    if name == "":
        for key, each in QUESTIONS.items():
            click.echo(f"{key:<20}{each.asks}  ({', '.join(each.needs)})")
        return
    if (sql is None) == (name is None):
        raise click.UsageError("give a statement, or --ready with a name; --ready alone lists the names.")
    if name is not None and name not in QUESTIONS:
        raise click.UsageError(f"no question {name!r} is ready. Questions: {', '.join(QUESTIONS)}.")
    asked = QUESTIONS[name].sql if name else sql or ""
    evidence = open_evidence(bucket, endpoint_url, copy_folder)
    with evidence_database(evidence) as database:
        found = run_query(database, asked, evidence)
    if csv_file:
        flat = _flat(found)
        written = write_csv(csv_file, flat.schema, flat.to_batches())
        click.echo(printable(f"{written.rows} rows written to {csv_file}"))
    elif as_json:
        click.echo(json.dumps(found.to_pylist(), indent=1, default=str))
    else:
        for line in _lines(found):
            click.echo(printable(line))


def _flat(found: pa.Table) -> pa.Table:
    """Return a table whose columns a CSV file can hold: lists and structures as text."""
    import pyarrow as pa

    names = [field.name for field in found.schema if pa.types.is_nested(field.type)]
    for place, field in enumerate(found.schema):
        if field.name in names:
            texts = [None if value is None else json.dumps(value, default=str) for value in found[field.name].to_pylist()]
            found = found.set_column(place, field.name, pa.array(texts, pa.string()))
    return found


def _lines(found: pa.Table) -> Iterator[str]:
    """Yield rows for a terminal, in columns; long texts are cut."""
    rows = [[_text(value) for value in row.values()] for row in found.slice(0, MOST_SHOWN).to_pylist()]
    heads = found.schema.names
    widths = [max(map(len, (head, *(row[place] for row in rows)))) for place, head in enumerate(heads)]
    for row in (heads, ["-" * width for width in widths], *rows):
        yield "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
    more = f", the first {MOST_SHOWN:,} are shown; --csv writes all" if found.num_rows > MOST_SHOWN else ""
    yield f"{found.num_rows:,} rows{more}"


def _text(value: Any) -> str:
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
