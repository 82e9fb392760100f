# SPDX-License-Identifier: Apache-2.0
"""``tieout collect CONTROL --dry-run``: what an extraction would bring, and what its rules would say; nothing lands."""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tieout.commands.common import printable
from tieout.settings import Settings, from_environment

if TYPE_CHECKING:
    from tieout.flows.jobs import Job
    from tieout.flows.population_export import Validated

_ROWS = 5


@click.command()
@click.argument("control")
@click.option("--window", "window_key", help="Key of the window, for example 2026-03; default: the last one that is over.")
@click.option("--system", help="System of the control; default: each.")
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Another value for a collector's parameter.")
@click.option("--dry-run", is_flag=True, required=True, help="Collect and validate only; landing is the DAG's.")
@click.option("--json", "as_json", is_flag=True, help="Print the IPE record and the rule results as JSON, one line per system.")
def collect(
    control: str, window_key: str | None, system: str | None, changes: tuple[str, ...], *, dry_run: bool, as_json: bool
) -> None:
    """Collect and validate one window, land nothing, and show the IPE record, five rows and the rule results.

    Of a control that people perform in campaigns these are the lists that its campaigns are made of.

    Connections are Airflow's: those of its metadata database, or AIRFLOW_CONN_... in the environment.
    """
    del dry_run  # required, so that nobody expects this command to land
    from tieout.errors import ConfigurationError
    from tieout.flows.campaign_kinds import lists_of
    from tieout.flows.population_export import read_control
    from tieout.local.samples import SAMPLE_REPOSITORY, build_sample

    settings = from_environment()
    found, scope = read_control(settings, control)
    listed = lists_of(found)
    if not listed:
        msg = f"control {control!r}: owners fill in its form, and nothing is collected. Trigger its DAG to have them asked."
        raise ConfigurationError(msg)
    wanted = [source for source in found.systems if system in (None, source.system)]
    if any(source.parameters.get("repository") == str(SAMPLE_REPOSITORY) for source in wanted):
        build_sample(settings.home, lambda said: click.echo(said, err=True))
    key = window_key or _last_window(found.extraction_schedule.window, scope.calendar.day_of(datetime.now(UTC)))
    assignments = dict(_assignment(change) for change in changes)
    for each in [system] if system else listed:
        _try(settings, control, each, key, assignments, as_json=as_json)
    if not as_json:
        click.echo("\nNothing was landed.")


def _last_window(kind: Any, today: Any) -> str:
    from tieout.criteria.periods import first_day_of, window_key

    return window_key(kind, first_day_of(kind, today) - timedelta(days=1))


def _try(settings: Settings, control: str, system: str, key: str, assignments: dict[str, str], *, as_json: bool) -> None:
    from tieout.flows import population_export as flow
    from tieout.flows.campaign_kinds import collected_job
    from tieout.flows.jobs import open_frame
    from tieout.tasks.connections import command_line_reach

    job = collected_job(settings, control, system, key, command_line_reach())
    source = job.source.model_copy(update={"parameters": {**job.source.parameters, **assignments}})
    job = replace(job, source=source)
    # What Airflow and its providers log goes beside the answer, not into it.
    with tempfile.TemporaryDirectory(prefix="tieout-") as work, redirect_stdout(sys.stderr):
        extraction = flow.collect(job, open_frame(job, Path(work)), lambda: datetime.now(UTC), None)
        validated = flow.validate(job, extraction, Path(work))
        rows = _first_rows(validated.parts[0].path)
    if as_json:
        said = {"system": system, "ipe": extraction["ipe"], "rule_results": validated.predicate["rule_results"]}
        click.echo(json.dumps(said))
        return
    _show(job, extraction["ipe"], validated, rows)


def _show(job: Job, ipe: dict[str, Any], validated: Validated, rows: list[dict[str, Any]]) -> None:
    click.echo(f"{job.control_id}, system {job.source.system}, window {job.window.key}")
    click.echo(json.dumps(ipe, indent=1, ensure_ascii=True))
    click.echo(f"\n{validated.predicate['population']['rows']} rows in {job.window.key}; the first in key order:")
    for row in rows:
        click.echo(printable(f"  {row}"))
    click.echo("\nRules")
    for result in validated.results:
        counts = f"met {result.met}, not met {result.not_met}, not determinable {result.not_determinable}"
        click.echo(f"  {result.kind:<8}  {result.rule:<26}  {result.result:<16}  {counts}")


def _assignment(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found:
        raise click.UsageError(f"--set {text}: expected NAME=VALUE.")
    return name, value


def _first_rows(part: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    first = next(pq.ParquetFile(part).iter_batches(batch_size=_ROWS), None)
    return [{name: str(value) for name, value in row.items()} for row in first.to_pylist()] if first is not None else []
