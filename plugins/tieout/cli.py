# SPDX-License-Identifier: Apache-2.0
"""The ``tieout`` command. Exit codes: 0 all is well, 1 something is not (or Tieout could not say), 2 wrong usage."""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from tieout import __version__
from tieout.commands.criteria import criteria
from tieout.commands.doctor import doctor
from tieout.commands.hold import hold
from tieout.commands.identity import identity
from tieout.commands.index import index
from tieout.commands.keys import keys
from tieout.commands.lint import lint
from tieout.commands.period import explain, forecast, true_up
from tieout.commands.quarantine import quarantine
from tieout.commands.register import register
from tieout.commands.status import status
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


@main.command()
@click.argument("control")
@click.option("--window", "window_key", required=True, help="Key of the window, for example 2026-03.")
@click.option("--system", required=True, help="System of the control.")
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Another value for a collector's parameter.")
@click.option("--dry-run", is_flag=True, required=True, help="Collect and validate only; landing is the DAG's.")
@click.option("--json", "as_json", is_flag=True, help="Print the IPE record and the rule results as JSON.")
def collect(control: str, window_key: str, system: str, changes: tuple[str, ...], *, dry_run: bool, as_json: bool) -> None:
    """Collect and validate one window of one system, land nothing, and show the IPE record, five rows and the rule results."""
    del dry_run  # required, so that nobody expects this command to land
    from tieout.collectors.frame import Frame
    from tieout.flows import population_export as flow

    settings = from_environment()
    job = flow.plan(settings, control, system, window_key)
    parameters = {**job.source.parameters, **dict(_assignment(change) for change in changes)}
    source = job.source.model_copy(update={"parameters": parameters})
    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        frame = Frame(settings, source, job.window, Path(work))
        extraction = flow.collect(job, frame, lambda: datetime.now(UTC), None)
        validated = flow.validate(job, extraction, Path(work))
        rows = _first_rows(validated.parts[0].path)
    if as_json:
        click.echo(json.dumps({"ipe": extraction["ipe"], "rule_results": validated.predicate["rule_results"]}, indent=1))
        return
    click.echo(json.dumps(extraction["ipe"], indent=1))
    click.echo(f"\n{validated.predicate['population']['rows']} rows in {job.window.key}; the first in key order:")
    for row in rows:
        click.echo(f"  {row}")
    click.echo("\nRules")
    for result in validated.results:
        counts = f"met {result.met}, not met {result.not_met}, not determinable {result.not_determinable}"
        click.echo(f"  {result.kind:<8}  {result.rule:<26}  {result.result:<16}  {counts}")
    click.echo("\nNothing was landed.")


def _assignment(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found:
        raise click.UsageError(f"--set {text}: expected NAME=VALUE.")
    return name, value


def _first_rows(part: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    first = next(pq.ParquetFile(part).iter_batches(batch_size=5), None)
    return [{name: str(value) for name, value in row.items()} for row in first.to_pylist()] if first is not None else []


for command in (
    verify,
    criteria,
    doctor,
    hold,
    identity,
    index,
    keys,
    lint,
    quarantine,
    register,
    status,
    true_up,
    explain,
    forecast,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
