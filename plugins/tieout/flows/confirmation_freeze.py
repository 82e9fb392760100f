# SPDX-License-Identifier: Apache-2.0
"""Freeze what owners are asked for a window: the form as the control's file has it today, and who is asked, as landed rows.

1. What stands already stays as it is, so that a task that was killed goes on where it was; a reason supersedes it.
2. Who holds the owner's role is asked, in the order of the scope file; whoever looks at what was handed in is asked for nothing.
   Where the form asks about deviations, whoever owns a control with open ones is asked (`tieout.flows.deviation_questions`).
3. The rows land: none where nothing is asked. From then on a change of the file changes nothing that was asked.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.collectors.ipe import AirflowRun
from tieout.confirmations.deviations import about_text, question_form
from tieout.confirmations.requests import Asking, Row, request_row
from tieout.criteria.forms import REQUEST_TYPE, Form
from tieout.criteria.periods import ITEMS
from tieout.errors import ConfigurationError
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import LandingReference
from tieout.flows import population_export as flow
from tieout.flows.campaign_window import standing_list
from tieout.flows.campaigns import Campaigns
from tieout.flows.confirmation_inputs import ConfirmationWindow
from tieout.flows.derived import derived_job, derived_landing, land_derived
from tieout.flows.deviation_questions import ask_now
from tieout.provenance import code_version
from tieout.times import instant

_SPOTS = ("Who holds which role is what the scope file says.",)


@dataclass(frozen=True, slots=True)
class _Frozen:
    """The rows that are frozen, how many there have to be, and how that was counted."""

    rows: list[Row]
    query: str
    source_total: dict[str, Any]
    second_count: dict[str, Any]


def freeze_confirmation(
    planned: ConfirmationWindow,
    campaigns: Campaigns,
    signer: DocumentSigner,
    clock: flow.Clock,
    folder: Path,
    run: AirflowRun | None,
    reason: str | None = None,
) -> LandingReference:
    """Land what is asked, or find that it has landed.

    Args:
        planned: From `tieout.flows.confirmation_inputs.plan_confirmation`.
        campaigns: The installation's, whose store is the writer's.
        signer: A key of scope landing.
        clock: Tells the time, UTC.
        folder: An empty work folder.
        run: The Airflow task; ``None`` on the command line.
        reason: Why it supersedes what stands, if anything does.

    Raises:
        ConfigurationError: Nobody holds the owner's role, or the one that looks, apart from whom is asked first.
        LandingConflict: Something else stands, and there is no reason to supersede it.
        StoreUnavailable: The store did not answer; run it again.
    """
    key = f"{ITEMS}{planned.window.key}"
    span = flow.plan_span(planned.settings, planned.control_id, planned.system, planned.period, key, planned.days)
    job = derived_job(span, REQUEST_TYPE)
    if not reason and (there := standing_list(campaigns.store, job)) is not None:  # (1)
        return there
    started = clock()
    about_deviations = planned.form.asks_about is not None and planned.is_asked
    frozen = _about_deviations(planned, campaigns, started, folder) if about_deviations else _about_window(planned)  # (2)
    rows = pa.Table.from_pylist(frozen.rows, schema=job.contract.schema)
    ipe = _ipe(planned, frozen, instant(started), planned.scope.calendar.day_of(started).isoformat(), run)
    name = derived_landing(job, control_sha256=job.control_sha256, parameters=ipe["request"]["parameters"])
    at = clock()
    extraction = {
        "landing": name,
        "collected_at": instant(at),
        "extraction": flow.extraction_state(job, at),
        "ipe": {**ipe, "finished_at": instant(at)},
    }
    counted = frozen.second_count["rows"]
    return land_derived(job, rows, counted, extraction, (), campaigns.store, signer, clock, folder, reason)  # (3)


def _about_window(planned: ConfirmationWindow) -> _Frozen:
    """Return the one row of a form about its window; none where it is asked after another one."""
    role, asked = planned.control.owner, planned.is_asked
    rows = [request_row(_asking(planned, planned.form, role, planned.holders(role)))] if asked else []
    return _Frozen(
        rows,
        "the form of the control's file on the day of the freeze, for who holds the owner's role in the scope file",
        {"rows": len(rows), "how": "forms of the control's file that are asked after this window"},
        {"rows": int(asked), "how": "windows that the run names and the form is asked after", "class": "other endpoint"},
    )


def _about_deviations(planned: ConfirmationWindow, campaigns: Campaigns, at: datetime, folder: Path) -> _Frozen:
    """Return a row for each person who is asked about deviations."""
    now = ask_now(planned, campaigns, at, folder)
    rows = []
    for each in now.people:
        form = question_form(planned.form, each.questions, each.more)
        rows.append(request_row(_asking(planned, form, each.role, each.people, about_text(each.questions))))
    query = "deviations of the open periods' registers without an answer, by who owns the control that they count against"
    return _Frozen(
        rows,
        query,
        {"rows": len(rows), "how": f"people who are asked; {now.open_deviations} deviations are open"},
        {"rows": now.owners, "how": "owners of open deviations that nobody is asked about yet", "class": "other endpoint"},
    )


def _asking(planned: ConfirmationWindow, form: Form, role: str, owners: tuple[str, ...], about: str | None = None) -> Asking:
    looking = planned.looking_role
    lookers = planned.holders(looking) if looking else ()
    if not owners:
        raise planned.nobody_holds(role)
    asked = (owners[0], *(each for each in owners[1:] if each not in lookers))
    if looking and not set(lookers) - set(asked):
        msg = (
            f"control {planned.control_id!r}: owners of scope.yaml name nobody who is {looking}, apart from who is asked. "
            "Nobody could look at what is handed in."
        )
        raise ConfigurationError(msg)
    return Asking(
        system=planned.system,
        campaign=planned.campaign,
        form=form,
        as_of=planned.as_of,
        window=(planned.days[0], planned.last_day),
        period=(planned.period.first_day, planned.period.end_day - timedelta(days=1)),
        due_on=planned.due_on,
        owners=(role, asked),
        lookers=(looking, lookers) if looking else None,
        about=about,
    )


def _ipe(planned: ConfirmationWindow, frozen: _Frozen, started: str, today: str, run: AirflowRun | None) -> dict[str, Any]:
    """Return how the rows were made; but for when that ended."""
    path = planned.settings.controls_folder / f"{planned.control_id}.yaml"
    return {
        "kind": "population for testing",
        "system": planned.system,
        "environment": planned.settings.environment,
        "report": "the form that the owner is asked to fill in, and who is asked",
        "source": {"kind": "control file", "location": str(path.relative_to(planned.settings.home)), "account": None},
        "request": {
            "query": frozen.query,
            "parameters": {
                "campaign": planned.campaign,
                "frozen_on": today,
                "forms_sha256": sorted(row["form_sha256"] for row in frozen.rows),
            },
        },
        "started_at": started,
        "source_total": frozen.source_total,
        "second_count": frozen.second_count,
        "rows_read": len(frozen.rows),
        "rows_in_window": len(frozen.rows),
        "drops": [],
        "pages": [],
        "blind_spots": list(_SPOTS),
        "code": code_version(planned.settings.home).as_document(),
        "airflow": asdict(run) if run else None,
    }
