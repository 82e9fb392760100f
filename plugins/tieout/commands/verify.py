# SPDX-License-Identifier: Apache-2.0
"""``tieout verify``: is what stands in a bucket, or in a copy of it, what was signed?"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tieout.commands.common import bucket_options, open_store, printable

if TYPE_CHECKING:
    from tieout.evidence.sources import Evidence, HashMemory
    from tieout.evidence.verify import Report


@click.command()
@bucket_options
@click.option("--copy", "copy_folder", type=click.Path(path_type=Path), help="A copied folder instead of a bucket; offline.")
@click.option("--root", "root", help="The root key's fingerprint, as received outside the bucket.")
@click.option("--head", help="SHA-256 of a digest that was announced outside the bucket: it has to be in the chain.")
@click.option("--period", help="Only this observation period.")
@click.option("--control", help="Only this control.")
@click.option("--landing", help="Only this landing, by its id.")
@click.option("--prefix", default="", help="Only keys that start so.")
@click.option("--quick", is_flag=True, help="Compare the checksums that the store keeps, instead of reading every byte.")
@click.option("--resume", type=click.Path(path_type=Path), help="Remember what was read in this file, and go on from it.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
def verify(
    bucket: str | None,
    endpoint_url: str | None,
    copy_folder: Path | None,
    root: str | None,
    head: str | None,
    period: str | None,
    control: str | None,
    landing: str | None,
    prefix: str,
    resume: Path | None,
    *,
    quick: bool,
    as_json: bool,
) -> None:
    """Check that what stands in a bucket, or in a copy of it, is what was signed.

    Outcomes: intact, tampered, missing, cannot check. Exit code 0 only if there is something and all of it is intact.
    """
    from tieout.evidence.sources import HashMemory
    from tieout.evidence.verify import Outcome, Question
    from tieout.evidence.verify import verify as run

    if copy_folder and (bucket or quick):
        raise click.UsageError(f"--copy and --{'bucket' if bucket else 'quick'} exclude each other.")
    memory = HashMemory(resume) if resume else None
    evidence = _evidence(bucket, endpoint_url, copy_folder, memory, quick=quick)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("verifying", total=None)
        report = run(
            evidence,
            root,
            now=datetime.now(UTC),
            question=Question(observation_period=period, control=control, landing=landing, prefix=prefix),
            head=head,
            quick=quick,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    if memory:
        memory.close()
    click.echo(json.dumps(report.as_document(), indent=1) if as_json else as_text(report))
    sys.exit(0 if report.outcome is Outcome.INTACT else 1)


def _evidence(
    bucket: str | None, endpoint_url: str | None, copy_folder: Path | None, memory: HashMemory | None, *, quick: bool
) -> Evidence:
    from tieout.evidence.sources import Bucket, Copy

    if copy_folder is None:
        return Bucket(open_store(bucket, endpoint_url), quick=quick, memory=memory)
    if not copy_folder.is_dir():
        raise click.UsageError(f"--copy {copy_folder}: there is no such folder.")
    return Copy(copy_folder, memory=memory)


def as_text(report: Report) -> str:
    """Return a report for a terminal: a line per landing, then whatever else is not intact, then the summary."""
    lines = []
    for item in (*report.landings, *(item for item in report.others if item.findings)):
        rows = "" if item.rows is None else f"  {item.rows} rows"
        lines.append(f"{item.outcome:<12}  {item.key}{rows}")
        lines += [f"              {finding.outcome}: {finding.reason}" for finding in item.findings]
    if report.finding:
        lines.append(f"{report.finding.outcome}: {report.finding.reason}")
    if report.head:
        head, tail = report.head, f"; {report.tail} objects are younger" if report.tail else ""
        lines.append(f"chain: digest {head.sequence}, made {head.end}, SHA-256 {head.sha256}{tail}")
    lines.append(f"bytes: {report.bytes}")
    lines.append(f"custody: {report.custody}")
    lines.append(report.summary)
    return "\n".join(printable(line) for line in lines)
