# SPDX-License-Identifier: Apache-2.0
"""What the demo shows of what landed: the two doors to one branch, and the made-up company's faults found in its evidence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tieout.evidence.verify import Report
from tieout.local.company import Fault
from tieout.local.installation import EVIDENCE_BUCKET, Installation

if TYPE_CHECKING:
    import pyarrow.dataset as ds

PERIOD = "2026-H1"
DOORS = "cc8_1_change_management"
"""The control whose population comes through two doors."""


def read_table(installation: Installation, name: str) -> ds.Dataset:
    """Return an evidence type's files, as the auditor reads them: with plain pyarrow."""
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
    return ds.dataset(f"{EVIDENCE_BUCKET}/evidence/{name}/", filesystem=files, partitioning="hive")


def listed(
    installation: Installation, controls: tuple[str, ...], result: str = "not met"
) -> set[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """Return what landed with a result, once, whatever superseded it: control, rule, and the row's key without its system."""
    import pyarrow.compute as pc

    wanted = (pc.field("observation_period") == PERIOD) & pc.field("control").isin(controls) & (pc.field("result") == result)
    rows = read_table(installation, "rule_result").to_table(columns=["control", "rule", "row_key"], filter=wanted).to_pylist()
    return {(row["control"], row["rule"], _key(row["row_key"])) for row in rows}


def _key(text: str) -> tuple[tuple[str, str], ...]:
    key: dict[str, Any] = json.loads(text)
    return tuple(sorted((name, str(value)) for name, value in key.items() if name != "system"))


def show_faults(installation: Installation, faults: list[Fault], controls: tuple[str, ...], console: Console) -> bool:
    """Hold what landed as not met against what is known to be wrong; show both, and return whether they are the same."""
    known = {(each.control, each.rule, each.row) for each in faults if each.control in controls}
    found = listed(installation, controls)
    table = Table(title=f"The made-up company, {PERIOD}: what is wrong in it, and what landed", title_justify="left")
    for name in ("control", "rule not met (potential deviation)"):
        table.add_column(name)
    for name in ("known", "landed"):
        table.add_column(name, justify="right")
    for place in sorted({entry[:2] for entry in known | found}):
        table.add_row(*place, *(f"{sum(entry[:2] == place for entry in side):,}" for side in (known, found)))
    console.print(table)
    said = "each of them, and nothing else" if known == found else f"NOT THE SAME: {sorted(known ^ found)}"
    console.print(f"{len(known)} known faults, {len(found)} potential deviations landed: {said}", highlight=False, soft_wrap=True)
    return known == found


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

    def count(table: str, wanted: pc.Expression) -> int:
        slot = (pc.field("observation_period") == PERIOD) & (pc.field("control") == DOORS)
        return int(read_table(installation, table).count_rows(filter=slot & (pc.field("system") == system) & wanted))

    def of_rule(rule: str, result: str) -> int:
        return count("rule_result", (pc.field("rule") == rule) & (pc.field("result") == result))

    return Tally(
        rows=count("change_record", pc.scalar(True)),
        no_pull_request=of_rule("pull_request_referenced", "not met"),
        same_person=of_rule("second_person_committed", "not met"),
        not_determinable=of_rule("second_person_committed", "not determinable"),
    )


def show_doors(installation: Installation, console: Console) -> None:
    """Show how many rows came through both doors, and what their rules say."""
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
        f"Where: s3://{EVIDENCE_BUCKET}/evidence/change_record/observation_period={PERIOD}/control={DOORS}/\n"
        f"Verified as the auditor, root {installation.root_fingerprint}",
        highlight=False,
        soft_wrap=True,
    )


def show_report(report: Report, console: Console) -> None:
    """Show what verification says."""
    if report.head:
        chain = f"Chain: digest {report.head.sequence}, SHA-256 {report.head.sha256}"
        console.print(f"{chain}; {report.tail} younger objects wait for the next", highlight=False, soft_wrap=True)
    console.print(f"[bold]{report.summary}[/bold]", highlight=False)
    for item in report.items:
        for finding in item.findings:
            console.print(f"  {finding.outcome}: {escape(finding.reason)}", highlight=False, soft_wrap=True)
