# SPDX-License-Identifier: Apache-2.0
"""`make demo`: a half-year of evidence on real Airflow, of real merges and a made-up company, verified as its auditor would.

In the company access is reviewed: people of a simulated Slack workspace answer, until the review is signed off and has landed.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tieout.errors import SourceUnavailable
from tieout.evidence.sources import Bucket
from tieout.evidence.store import S3Store
from tieout.evidence.verify import Outcome, Report, verify
from tieout.local import NOT_EVIDENCE_GRADE, object_store
from tieout.local.airflow_api import USER, Api
from tieout.local.company import Company
from tieout.local.demo_confirmations import show_confirmations
from tieout.local.demo_package import make_package, select
from tieout.local.demo_policies import show_campaign
from tieout.local.demo_report import DOORS, show_doors, show_faults, show_report
from tieout.local.demo_review import stored_responses
from tieout.local.demo_review_report import show_review
from tieout.local.installation import EVIDENCE_BUCKET, Installation
from tieout.local.stack import Stack

COMPANY_CONTROLS = (
    "cc8_1_reviewed_changes",
    "cc8_1_change_approvals",
    "cc7_2_on_call_alerts",
    "cc7_4_on_call_incidents",
    "cc6_2_leaver_accounts",
    "cc6_1_mfa_factors",
)
"""Controls that read the made-up company: GitHub, Jira, PagerDuty, the people system and Okta."""
_AT_ONCE = min(8, 3 * (os.cpu_count() or 1))
SETTINGS = {
    # The executor starts tasks in the order in which they were queued. So few are queued beyond those that run that the steps of
    # the review, which come one after the other, do not wait for all others each time: the scheduler picks them first.
    "AIRFLOW__CORE__DEFAULT_POOL_TASK_SLOT_COUNT": str(_AT_ONCE + 4),
    "AIRFLOW__CORE__PARALLELISM": str(_AT_ONCE),
    # How soon it looks at what people have answered in the review of access.
    "TIEOUT_CAMPAIGN_POLL_SECONDS": "10",
    "TIEOUT_RELAY_SECONDS": "1",
}
"""What the demo's Airflow has of its own."""
COLLECT_AGAIN = {"collect_again": "now"}
"""Parameter of the review's run: nobody waits for the days within which removals are carried out."""
DUE_AFTER, CLOSES_AFTER = timedelta(seconds=310), timedelta(seconds=340)
"""When the acknowledgment campaign is due, and closes: Slack lets 200 messages through a minute, and somebody is late."""
DIGEST_DAG = "evidence_digest"
WINDOWS = tuple(f"2026-{month:02}" for month in range(1, 7))
_SECONDS = 900.0
"""How long the runs of one control may take: a bound, where a slow machine is not a broken one."""


def run_demo(home: Path, console: Console) -> int:
    """Set everything up, run the controls for six windows, verify, show, stop.

    Returns:
        0 if everything that landed is intact, shows what is wrong in the made-up company and nothing else, and so is its package;
        else 1.
    """
    started = time.monotonic()
    stack = Stack(home)
    say = _say(console)
    with stack.stopped_at_the_end():
        stack.start_store(say)
        stack.build_samples(say)
        stack.start_company(say, answering=True)
        api, runs = Api(stack.installation), _runs(stack.company)
        answered = stack.company.is_there and stored_responses(stack.installation, stack.company.review()) > 0
        stack.start_airflow(say, dag_processor=False, overrides=SETTINGS, before_tasks=lambda: _trigger(api, runs))
        _wait_for(api, runs, stack, console)
        say("Selecting rows as an auditor would, and sealing everything into the signed chain of digests")
        select(stack.installation)
        _seal(api)
        report = verify_as_auditor(stack.installation)
        show_doors(stack.installation, console)
        as_known = not stack.company.is_there or _show_company(stack, console, answered=answered)
        show_report(report, console)
        packed = make_package(stack.installation, console, say)
        say("Stopping what was started")
    say(f"Done in {time.monotonic() - started:.0f} s. Nothing is left running.")
    console.print(
        "\nWhat to try next\n"
        "  make up        leaves it running: the UI, and the bucket with the auditor's credentials (README, section 2)\n"
        f"  tieout collect {DOORS} --system shop_csv --window 2026-03 --dry-run\n"
        "  README.md, section 3: a control of your own",
        highlight=False,
    )
    console.print(f"\n[yellow]{escape(NOT_EVIDENCE_GRADE)}[/yellow]", highlight=False)
    return 0 if report.outcome is Outcome.INTACT and as_known and packed else 1


def _say(console: Console) -> Any:
    return lambda text: console.print(f"[dim]{datetime.now(UTC):%H:%M:%S}[/dim] {escape(text)}", highlight=False)


def _runs(company: Company) -> dict[str, dict[str, str]]:
    """Return the window of each run, by control and run id: without the company those of the one control on real merges."""
    now = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    controls = (DOORS, *COMPANY_CONTROLS) if company.is_there else (DOORS,)
    runs = {control: {f"demo__{window}__{now}": window for window in WINDOWS} for control in controls}
    if company.is_there:
        asked = [(each.control, each.window) for each in company.confirmations()]
        campaign, review = company.campaign(), company.review()
        asked += [(campaign.control, campaign.window), (review.control, review.window)]
        for control, window in asked:
            runs[control] = {f"demo__{window}__{now}": window}
    return runs


def _trigger(api: Api, runs: dict[str, dict[str, str]]) -> None:
    """Trigger the runs, that of the review first: its people take longest."""
    for control in reversed(runs):
        conf = _conf(control, datetime.now(UTC).replace(microsecond=0))
        for run_id, window in runs[control].items():
            api.trigger(control, window, run_id, conf)


def _conf(control: str, now: datetime) -> dict[str, Any] | None:
    """Return the parameters of a control's runs."""
    if control in (DOORS, *COMPANY_CONTROLS):
        return None
    times = {"due_at": (now + DUE_AFTER).isoformat(), "closes_at": (now + CLOSES_AFTER).isoformat()}
    return times if control.endswith(("_policy_campaign", "_confirmation")) else COLLECT_AGAIN


def _wait_for(api: Api, runs: dict[str, dict[str, str]], stack: Stack, console: Console) -> None:
    """Wait until every run has ended, with a bar of tasks that are done for each control.

    Raises:
        SourceUnavailable: A run failed; the message names task and log. Or somebody who has to answer could not.
    """
    columns = (TextColumn("         {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        done = {control: bar.add_task(control, total=None) for control in runs}
        for control, row in done.items():

            def progress(tasks: dict[str, dict[str, str | None]], row: TaskID = row) -> None:
                states = [state for run in tasks.values() for state in run.values()]
                bar.update(row, total=len(states), completed=sum(state == "success" for state in states))
                if stack.company.is_there:
                    stack.company.answers(stack.processes)

            _require_success(api, control, api.wait(control, list(runs[control]), _SECONDS, progress))


def _show_company(stack: Stack, console: Console, *, answered: bool) -> bool:
    """Show what is known to be wrong in the company beside what landed; return whether they are the same.

    Args:
        stack: The stack.
        console: Where it is shown.
        answered: Whether people had answered before this run.
    """
    company = stack.company
    done = None if answered else company.answers(stack.processes)
    said = done["acknowledgments"] if done else None
    same = [
        show_faults(stack.installation, company.faults(), COMPANY_CONTROLS, console),
        show_review(stack.installation, company.review(), done, console),
        show_campaign(stack.installation, company.campaign(), said, console),
        show_confirmations(stack.installation, company.confirmations(), console),
    ]
    return all(same)


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


def run_up(home: Path, console: Console) -> int:
    """Start everything and leave it running."""
    stack = Stack(home)
    say = _say(console)
    try:
        stack.start_store(say)
        stack.build_samples(say)
        stack.start_company(say)
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
        f"{_company(stack)}"
        f"Root key   {installation.root_fingerprint}\n"
        f"Verify     . .tieout/auditor.env && .venv/bin/tieout verify --root {installation.root_fingerprint}\n"
        f"Stop       make down\n\n{NOT_EVIDENCE_GRADE}",
        highlight=False,
        soft_wrap=True,
    )
    return 0


def _company(stack: Stack) -> str:
    if not stack.company.is_there:
        return ""
    people = ", ".join(stack.company.people())
    return (
        "Company    a made-up one, behind the controls of GitHub, Jira, Okta, PagerDuty: .tieout/company.env\n"
        f"People     {people}:\n"
        "           users of Airflow with the same password, whose part of an access review stands under My reviews\n"
    )


def run_down(home: Path, console: Console) -> int:
    """Stop what `run_up` left running."""
    stack = Stack(home)
    names = stack.processes.running()
    stack.stop()
    console.print(f"Stopped: {', '.join(names)}" if names else "Nothing was running.", highlight=False)
    return 0
