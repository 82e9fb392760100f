# SPDX-License-Identifier: Apache-2.0
"""`make demo`: a half-year of change-management evidence on real Airflow, verified as its auditor would."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tieout.errors import SourceUnavailable
from tieout.evidence.sources import Bucket
from tieout.evidence.store import S3Store
from tieout.evidence.verify import Outcome, Report, verify
from tieout.local import NOT_EVIDENCE_GRADE, object_store
from tieout.local.airflow import USER, Api
from tieout.local.installation import EVIDENCE_BUCKET, Installation
from tieout.local.stack import Stack

CONTROL = "cc8_1_change_management"
DIGEST_DAG = "evidence_digest"
PERIOD = "2026-H1"
WINDOWS = tuple(f"2026-{month:02}" for month in range(1, 7))
_SECONDS = 240.0


def run_demo(home: Path, console: Console) -> int:
    """Set everything up, run the control for six windows, verify, show, stop.

    Returns:
        0 if everything that landed is intact, else 1.
    """
    started = time.monotonic()
    stack = Stack(home)
    say = _say(console)
    with stack.stopped_at_the_end():
        stack.start_store(say)
        stack.build_samples(say)
        stack.start_airflow(say, dag_processor=False)
        api = Api(stack.installation)
        _run_windows(api, console)
        say("Sealing everything into the signed chain of digests")
        _seal(api)
        report = verify_as_auditor(stack.installation)
        _show(stack.installation, report, console)
        say("Stopping what was started")
    say(f"Done in {time.monotonic() - started:.0f} s. Nothing is left running.")
    console.print(
        "\nWhat to try next\n"
        "  make up        leaves it running: the UI, and the bucket with the auditor's credentials (README, section 2)\n"
        f"  tieout collect {CONTROL} --system shop_csv --window 2026-03 --dry-run\n"
        "  README.md, section 3: a control of your own",
        highlight=False,
    )
    console.print(f"\n[yellow]{escape(NOT_EVIDENCE_GRADE)}[/yellow]", highlight=False)
    return 0 if report.outcome is Outcome.INTACT else 1


def _say(console: Console) -> Any:
    return lambda text: console.print(f"[dim]{datetime.now(UTC):%H:%M:%S}[/dim] {escape(text)}", highlight=False)


def _run_windows(api: Api, console: Console) -> None:
    """Run the control's six windows through the scheduler, with a bar of tasks that are done.

    Raises:
        SourceUnavailable: A run failed; the message names task and log.
    """
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    runs = {f"demo__{window}__{stamp}": window for window in WINDOWS}
    for run_id, window in runs.items():
        api.trigger(CONTROL, window, run_id)
    columns = (TextColumn("         {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        landing = bar.add_task("tasks done: collect, validate, land", total=None)

        def progress(tasks: dict[str, dict[str, str | None]]) -> None:
            states = [state for run in tasks.values() for state in run.values()]
            bar.update(landing, total=len(states), completed=sum(state == "success" for state in states))

        ended = api.wait(CONTROL, list(runs), _SECONDS, progress)
    _require_success(api, CONTROL, ended)


def _seal(api: Api) -> None:
    """Run the DAG that writes the next digest, so that what has just landed is in the chain.

    Raises:
        SourceUnavailable: The run failed; the message names task and log.
    """
    run_id = f"demo__{datetime.now(UTC):%Y%m%dT%H%M%S}"
    api.trigger(DIGEST_DAG, None, run_id)
    _require_success(api, DIGEST_DAG, api.wait(DIGEST_DAG, [run_id], _SECONDS, lambda _tasks: None))


def _require_success(api: Api, dag_id: str, ended: dict[str, str]) -> None:
    failed = [run_id for run_id, state in ended.items() if state != "success"]
    if failed:
        tasks = [name for name, state in api.tasks(dag_id, failed[0]).items() if state == "failed"]
        log = api.log(dag_id, failed[0], tasks[0], 1)[-3000:] if tasks else "no task failed"
        msg = f"run {failed[0]} failed at {', '.join(tasks)}: {log}"
        raise SourceUnavailable(msg)


def verify_as_auditor(installation: Installation) -> Report:
    """Verify the whole bucket with the auditor's credentials and the root's fingerprint."""
    store = S3Store(object_store.client_for(installation, "auditor"), EVIDENCE_BUCKET)
    return verify(Bucket(store), installation.root_fingerprint, now=datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Tally:
    """What landed of one system in the period."""

    rows: int
    no_pull_request: int
    same_person: int
    not_determinable: int


def tally(installation: Installation, system: str) -> Tally:
    """Count rows and rule results of a system, read from the bucket with plain pyarrow as the auditor."""
    import pyarrow.compute as pc
    import pyarrow.dataset as ds
    from pyarrow.fs import S3FileSystem

    auditor = installation.identity("auditor")
    files = S3FileSystem(
        access_key=auditor.access_key,
        secret_key=auditor.secret_key,
        endpoint_override=installation.endpoint.removeprefix("http://"),
        scheme="http",
        region="us-east-1",
    )

    def count(table: str, wanted: pc.Expression) -> int:
        data = ds.dataset(f"{EVIDENCE_BUCKET}/evidence/{table}/", filesystem=files, partitioning="hive")
        slot = (pc.field("observation_period") == PERIOD) & (pc.field("control") == CONTROL)
        return int(data.count_rows(filter=slot & (pc.field("system") == system) & wanted))

    def of_rule(rule: str, result: str) -> int:
        return count("rule_result", (pc.field("rule") == rule) & (pc.field("result") == result))

    return Tally(
        rows=count("change_record", pc.scalar(True)),
        no_pull_request=of_rule("pull_request_referenced", "not met"),
        same_person=of_rule("second_person_committed", "not met"),
        not_determinable=of_rule("second_person_committed", "not determinable"),
    )


def _show(installation: Installation, report: Report, console: Console) -> None:
    table = Table(title=f"CC8.1 Change management, {PERIOD}, as landed", title_justify="left", show_lines=False)
    table.add_column("")
    systems = {"shop_csv": "the CSV drop", "shop_git": "the git repository"}
    tallies = {system: tally(installation, system) for system in systems}
    for system, door in systems.items():
        table.add_column(f"{system}\n({door})", justify="right")
    rows = {
        "rows (changes)": "rows",
        "reference no pull request (potential deviation)": "no_pull_request",
        "committed by their author (potential deviation)": "same_person",
        "second person not determinable (never a pass)": "not_determinable",
    }
    for label, name in rows.items():
        table.add_row(label, *(f"{getattr(tallies[system], name):,}" for system in systems))
    console.print(table)
    for system, counts in tallies.items():
        potential = counts.no_pull_request + counts.same_person
        console.print(
            f"{system}: {counts.rows:,} rows in {PERIOD}, {counts.no_pull_request} reference no pull request, "
            f"{counts.not_determinable} have no determinable second person; {potential} potential deviations",
            highlight=False,
            soft_wrap=True,
        )
    console.print(
        "Not determinable: the platform committed the merge, which says nothing about a person, and merging is not approving.\n"
        f"Where: s3://{EVIDENCE_BUCKET}/evidence/change_record/observation_period={PERIOD}/control={CONTROL}/\n"
        f"Verified as the auditor, root {installation.root_fingerprint}",
        highlight=False,
        soft_wrap=True,
    )
    if report.head:
        chain = f"Chain: digest {report.head.sequence}, SHA-256 {report.head.sha256}"
        console.print(f"{chain}; {report.tail} younger objects wait for the next", highlight=False, soft_wrap=True)
    console.print(f"[bold]{report.summary}[/bold]", highlight=False)
    for item in report.items:
        for finding in item.findings:
            console.print(f"  {finding.outcome}: {escape(finding.reason)}", highlight=False, soft_wrap=True)


def run_up(home: Path, console: Console) -> int:
    """Start everything and leave it running."""
    stack = Stack(home)
    say = _say(console)
    try:
        stack.start_store(say)
        stack.build_samples(say)
        stack.start_airflow(say, dag_processor=True)
    except BaseException:
        stack.stop()
        raise
    installation = stack.installation
    console.print(
        f"\nAirflow    http://127.0.0.1:{installation.airflow_port}   "
        f"user {USER}, password {installation.airflow_secrets['password']}\n"
        f"Bucket     {EVIDENCE_BUCKET} at {installation.endpoint}\n"
        f"           credentials: .tieout/auditor.env, writer.env, digest.env, responder.env, admin.env\n"
        f"Root key   {installation.root_fingerprint}\n"
        f"Verify     . .tieout/auditor.env && .venv/bin/tieout verify --root {installation.root_fingerprint}\n"
        f"Stop       make down\n\n{NOT_EVIDENCE_GRADE}",
        highlight=False,
        soft_wrap=True,
    )
    return 0


def run_down(home: Path, console: Console) -> int:
    """Stop what `run_up` left running."""
    stack = Stack(home)
    names = stack.processes.running()
    stack.stop()
    console.print(f"Stopped: {', '.join(names)}" if names else "Nothing was running.", highlight=False)
    return 0
