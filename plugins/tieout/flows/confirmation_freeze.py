# SPDX-License-Identifier: Apache-2.0
"""Freeze what an owner is asked for a window: the form as the control's file has it today, and who is asked, as one landed row.

1. What stands already stays as it is, so that a task that was killed goes on where it was; a reason supersedes it.
2. Who holds the owner's role is asked, in the order of the scope file; whoever looks at what was handed in is asked for nothing.
3. The row lands. From then on a change of the file changes nothing that was asked.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from tieout.collectors.ipe import AirflowRun
from tieout.confirmations.requests import Asking, Row, request_row
from tieout.criteria.forms import REQUEST_TYPE
from tieout.criteria.periods import ITEMS
from tieout.errors import ConfigurationError
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import LandingReference
from tieout.flows import population_export as flow
from tieout.flows.campaign_window import standing_list
from tieout.flows.campaigns import Campaigns
from tieout.flows.confirmation_inputs import ConfirmationWindow
from tieout.flows.derived import derived_job, derived_landing, land_derived
from tieout.provenance import code_version
from tieout.times import instant

_SPOTS = ("Who holds which role is what the scope file says.",)


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
    row = request_row(_asking(planned))  # (2)
    rows = pa.Table.from_pylist([row], schema=job.contract.schema)
    ipe = _ipe(planned, row, instant(started), planned.scope.calendar.day_of(started).isoformat(), run)
    name = derived_landing(job, control_sha256=job.control_sha256, parameters=ipe["request"]["parameters"])
    at = clock()
    extraction = {
        "landing": name,
        "collected_at": instant(at),
        "extraction": flow.extraction_state(job, at),
        "ipe": {**ipe, "finished_at": instant(at)},
    }
    return land_derived(job, rows, 1, extraction, (), campaigns.store, signer, clock, folder, reason)  # (3)


def _asking(planned: ConfirmationWindow) -> Asking:
    role, looking = planned.control.owner, planned.looking_role
    lookers = planned.holders(looking) if looking else ()
    owners = planned.holders(role)
    if not owners:
        msg = f"control {planned.control_id!r}: owners of scope.yaml name nobody who is {role}. Nobody could be asked."
        raise ConfigurationError(msg)
    asked = (owners[0], *(each for each in owners[1:] if each not in lookers))
    if looking and not set(lookers) - set(asked):
        msg = (
            f"control {planned.control_id!r}: owners of scope.yaml name nobody who is {looking}, apart from who is asked. "
            "Nobody could look at what is handed in."
        )
        raise ConfigurationError(msg)
    calendar = planned.scope.calendar
    return Asking(
        system=planned.system,
        campaign=planned.campaign,
        form=planned.form,
        as_of=planned.as_of,
        window=(planned.days[0], planned.last_day),
        period=(planned.period.first_day, planned.period.end_day - timedelta(days=1)),
        due_on=planned.form.days(planned.last_day, calendar.business).due,
        owners=(role, asked),
        lookers=(looking, lookers) if looking else None,
    )


def _ipe(planned: ConfirmationWindow, row: Row, started: str, today: str, run: AirflowRun | None) -> dict[str, Any]:
    """Return how the row was made; but for when that ended."""
    path = planned.settings.controls_folder / f"{planned.control_id}.yaml"
    return {
        "kind": "population for testing",
        "system": planned.system,
        "environment": planned.settings.environment,
        "report": "the form that the owner is asked to fill in, and who is asked",
        "source": {"kind": "control file", "location": str(path.relative_to(planned.settings.home)), "account": None},
        "request": {
            "query": "the form of the control's file on the day of the freeze, for who holds the owner's role in the scope file",
            "parameters": {"campaign": planned.campaign, "frozen_on": today, "form_sha256": row["form_sha256"]},
        },
        "started_at": started,
        "source_total": {"rows": 1, "how": "forms of the control's file"},
        "second_count": {"rows": 1, "how": "windows that the run names", "class": "other endpoint"},
        "rows_read": 1,
        "rows_in_window": 1,
        "drops": [],
        "pages": [],
        "blind_spots": list(_SPOTS),
        "code": code_version(planned.settings.home).as_document(),
        "airflow": asdict(run) if run else None,
    }
