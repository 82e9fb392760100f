# SPDX-License-Identifier: Apache-2.0
"""``tieout trace``: one row's way back to its source, checked at each step."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tieout.commands.common import evidence_options, open_evidence, printable
from tieout.settings import from_environment

if TYPE_CHECKING:
    from tieout.audit.trace import Step, Trace

_OUTCOME, _NAME = 14, 12


@click.command()
@evidence_options
@click.argument("evidence_type", metavar="TYPE")
@click.argument("key", nargs=-1, required=True)
@click.option("--period", help="Only this observation period.")
@click.option("--control", help="Only this control.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def trace(
    bucket: str | None,
    endpoint_url: str | None,
    copy_folder: Path | None,
    root: str | None,
    evidence_type: str,
    key: tuple[str, ...],
    period: str | None,
    control: str | None,
    *,
    as_json: bool,
) -> None:
    """Trace a row of an evidence type back to its source: row, Parquet part, manifest, IPE record, raw page, request.

    KEY is COLUMN=VALUE for each column that is needed, or the bare value where the key has one column besides the system. The
    beginning of a text is enough where it fits one row. Every landing that holds the row is shown, oldest first.

    Exit code 0 only if every step is intact.
    """
    from tieout.evidence.verify.outcome import Outcome
    from tieout.flows.trace import Wanted
    from tieout.flows.trace import trace as run

    evidence = open_evidence(bucket, endpoint_url, copy_folder)
    wanted = Wanted(evidence_type=evidence_type, key=key, control=control, observation_period=period)
    found = run(evidence, root, wanted, from_environment().contracts_folder)
    click.echo(json.dumps(found.as_document(), indent=1) if as_json else "\n".join(map(printable, _lines(found))))
    sys.exit(0 if found.outcome is Outcome.INTACT else 1)


def _lines(found: Trace) -> Iterator[str]:
    """Yield a trace for a terminal."""
    yield f"{found.evidence_type}  {'  '.join(f'{name}={value}' for name, value in found.key.items())}"
    yield from _step(found.trust)
    for each in found.landings:
        landed = f", landed {each.landed_at:%Y-%m-%d %H:%M:%S} UTC" if each.landed_at else ""
        yield ""
        yield f"{each.landing}  {each.system}  {each.window}{landed}: {each.standing}"
        for step in each.steps:
            yield from _step(step)
    for finding in found.unsearched:
        yield f"{finding.outcome:<{_OUTCOME}}not searched: {finding.reason}"
    intact = sum(not any(step.findings for step in each.steps) for each in found.landings)
    yield ""
    yield f"custody: {found.custody}"
    yield f"{found.outcome}: {intact} of {len(found.landings)} landings that hold the row are intact"


def _step(step: Step) -> Iterator[str]:
    blank = " " * (_OUTCOME + _NAME)
    head = f"{step.outcome:<{_OUTCOME}}{step.name:<{_NAME}}"
    for name, value in step.facts.items():
        yield f"{head}{name}: {_text(value)}"
        head = blank
    for finding in step.findings:
        yield f"{head}{finding.outcome}: {finding.reason}"
        head = blank


def _text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)
