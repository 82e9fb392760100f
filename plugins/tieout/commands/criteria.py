# SPDX-License-Identifier: Apache-2.0
"""``tieout criteria``: show a criterion or a point of focus, and lay licensed official wording over our own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tieout.commands.common import printable
from tieout.settings import from_environment

if TYPE_CHECKING:
    from tieout.criteria.assessments import Assessment
    from tieout.criteria.catalogue import Criterion, PointOfFocus
    from tieout.criteria.overlay import Imported
    from tieout.flows.status import Program

_NOT_CONSIDERED = "not considered by management"


@click.group()
def criteria() -> None:
    """The criteria and their points of focus, in our own words or in official wording that you license."""


@criteria.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--sheet", help="Sheet of an XLSX workbook; needed where it has several.")
@click.option("--replace", is_flag=True, help="Overwrite the texts of an earlier import.")
def import_(file: Path, sheet: str | None, *, replace: bool) -> None:
    """Import official wording from a CSV or XLSX file that you license; git ignores what is written.

    Its header names a column id (or criterion, reference) and a column text (or wording, description). Rows without an id below a
    criterion are its points of focus in order, if they are as many as it has here. Exit code 1 if a row did not match.
    """
    from tieout.criteria.overlay import import_texts

    imported = import_texts(from_environment(), file, sheet, replace=replace)
    for line in _import_lines(imported):
        click.echo(printable(line))
    sys.exit(1 if imported.unmatched or not imported.texts else 0)


def _import_lines(imported: Imported) -> Iterator[str]:
    for each in imported.unmatched:
        yield f"row {each.row}: not matched: {each.why}."
    if imported.without:
        yield f"without a text, so that our summary stands: {', '.join(imported.without)}"
    points = sum("-POF" in each for each in imported.texts)
    counts = f"{len(imported.texts) - points} criteria and {points} points of focus got a text"
    yield f"{counts}; {len(imported.unmatched)} rows not matched, {len(imported.without)} ids without a text"
    yield f"written: {imported.path}" if imported.path else "Nothing was written."


@criteria.command()
@click.argument("id_", metavar="ID")
def show(id_: str) -> None:
    """Show a criterion or a point of focus: wording, category, controls mapped to it, and what management says."""
    from tieout.criteria.overlay import normalized_id, summary, texts
    from tieout.flows.status import read_program

    settings = from_environment()
    program, overlay = read_program(settings), texts(settings)
    wanted = normalized_id(id_) or id_
    ours = summary(program.catalogue, wanted)
    criterion = program.catalogue.by_id[wanted.partition("-")[0]]
    is_point = wanted != criterion.id
    kind = f"point of focus of {criterion.id}" if is_point else "criterion"
    click.echo(printable(f"{wanted}  {kind}, {criterion.name}; category {criterion.category}"))
    click.echo(printable(f"  in our words: {ours}"))
    if wanted in overlay:
        click.echo(printable(f"  official wording, under your licence: {overlay[wanted]}"))
    for line in _controls(program, criterion, wanted if is_point else None):
        click.echo(printable(line))
    points = [point for point in criterion.points_of_focus if point.id == wanted or not is_point]
    for point in points:
        for line in _assessment(point, program.assessments.get(point.id), with_summary=not is_point):
            click.echo(printable(line))
    for broken in program.broken:
        click.echo(printable(f"left out, because it can not be read: {broken}"), err=True)


def _controls(program: Program, criterion: Criterion, point: str | None) -> Iterator[str]:
    for state in ("reviewed", "proposed"):
        yield f"  controls, mapping {state}:"
        found = False
        for control_id, control in program.controls.items():
            for mapping in control.criteria:
                if mapping.criterion != criterion.id or mapping.mapping != state:
                    continue
                if point is None or point in mapping.points_of_focus:
                    found = True
                    yield f"    {control_id}: {control.title}"
                    yield f"      {mapping.rationale}"
        if not found:
            yield "    none"


def _assessment(point: PointOfFocus, assessment: Assessment | None, *, with_summary: bool) -> Iterator[str]:
    if with_summary:
        yield f"  {point.id}  {point.summary}"
    indent = "    " if with_summary else "  "
    yield f"{indent}management: {assessment.consideration if assessment else _NOT_CONSIDERED}"
    if assessment is None:
        return
    if assessment.by:
        until = f", to be reviewed by {assessment.review_due}" if assessment.review_due else ""
        yield f"{indent}  by {assessment.by} on {assessment.on}{until}: {assessment.rationale}"
    named = ", ".join((*assessment.controls, *assessment.evidence))
    if named:
        word = "proposed" if assessment.consideration == _NOT_CONSIDERED else "addressed by"
        yield f"{indent}  {word}: {named}"
