# SPDX-License-Identifier: Apache-2.0
"""The ``tieout`` command. Exit codes: 0 all is well, 1 something is not (or Tieout could not say), 2 wrong usage."""

from __future__ import annotations

import sys
from typing import Any

import click
from rich.console import Console

from tieout import __version__
from tieout.commands.access_list import access
from tieout.commands.collect import collect
from tieout.commands.criteria import criteria
from tieout.commands.deviations_answer import deviations
from tieout.commands.doctor import doctor
from tieout.commands.hold import hold
from tieout.commands.identity import identity
from tieout.commands.index import index
from tieout.commands.keys import keys
from tieout.commands.lint import lint
from tieout.commands.management import management
from tieout.commands.package import package
from tieout.commands.pbc_questions import pbc
from tieout.commands.period import explain, forecast, true_up
from tieout.commands.population import population
from tieout.commands.quarantine import quarantine
from tieout.commands.query import query
from tieout.commands.reconcile import reconcile, reconciliations
from tieout.commands.register import register
from tieout.commands.rerun import rerun
from tieout.commands.review import review
from tieout.commands.selection import selection
from tieout.commands.slack import slack
from tieout.commands.status import status
from tieout.commands.trace import trace
from tieout.commands.verify import verify
from tieout.errors import TieoutError
from tieout.settings import Settings, from_environment


class _Group(click.Group):
    """Prints our own errors as one message and exits with 1; any other error is a bug and shows its trace."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except TieoutError as error:
            click.echo(f"{type(error).__name__}: {error}", err=True)
            ctx.exit(1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="tieout")
def main() -> None:
    """SOC 2 evidence automation on Apache Airflow."""


def _project() -> Settings:
    from tieout.local.stack import require_project

    settings = from_environment()
    require_project(settings.home)
    return settings


@main.command()
def demo() -> None:
    """Run a half-year of change-management evidence on real Airflow, verify it, and stop."""
    from tieout.local.demo import run_demo

    sys.exit(run_demo(_project().home, Console()))


@main.command()
def up() -> None:
    """Start the embedded object store and Airflow, and leave them running."""
    from tieout.local.demo import run_up

    sys.exit(run_up(_project().home, Console()))


@main.command()
def down() -> None:
    """Stop what `tieout up` started."""
    from tieout.local.demo import run_down

    sys.exit(run_down(_project().home, Console()))


for command in (
    verify,
    access,
    collect,
    criteria,
    deviations,
    doctor,
    hold,
    identity,
    index,
    keys,
    lint,
    management,
    package,
    pbc,
    population,
    quarantine,
    query,
    reconcile,
    reconciliations,
    register,
    rerun,
    review,
    selection,
    slack,
    status,
    trace,
    true_up,
    explain,
    forecast,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
