# SPDX-License-Identifier: Apache-2.0
"""``tieout lint``: are the YAML files of the project what they have to be, and do they fit each other?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tieout.commands.common import printable
from tieout.settings import Settings, from_environment


@click.command()
@click.option("--schemas", is_flag=True, help="Write the JSON Schemas for editors instead, to include/criteria/schemas/.")
def lint(*, schemas: bool) -> None:
    """Check every YAML file under include/criteria and include/evidence_schemas, each alone and against the others.

    Problems and notes name file, line and cure. Exit code 1 if there is a problem; a note is a fact to look at.
    """
    settings = from_environment()
    if schemas:
        _write_schemas(settings)
        return
    from tieout.flows.lint import lint as run

    linted = run(settings)
    for problem in linted.problems:
        click.echo(printable(_shown(str(problem))))
    for note in linted.notes:
        click.echo(printable(_shown(f"{note.path}:{note.line}: note: {note.message}")))
    found = _counted(len(linted.problems), "problem") if linted.problems else "no problems"
    click.echo(f"{_counted(linted.files, 'file')}, {found} ({_counted(len(linted.notes), 'note')})")
    sys.exit(1 if linted.problems else 0)


def _write_schemas(settings: Settings) -> None:
    from tieout.criteria.schemas import write_schemas

    for path in write_schemas(settings.criteria_folder / "schemas"):
        click.echo(printable(_shown(str(path))))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _shown(text: str) -> str:
    # Paths below the working folder are printed relative to it, as an editor's terminal opens them.
    return text.replace(f"{Path.cwd()}/", "")
