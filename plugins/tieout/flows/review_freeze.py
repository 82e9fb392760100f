# SPDX-License-Identifier: Apache-2.0
"""Freeze the population of a review: its items land, one landing for each system, each with flags, reviewer and authority.

1. Everything that the review is made of stands: entitlements of every system, people, holders of roles.
2. It is read from the bucket and checked against its manifests, with the items of the review before.
3. The items are worked out by the SQL of `tieout.reviews`, and somebody decides on every one of them.
4. They land, as many as entitlements have landed. The manifest names what they were made of, and holds SQL and parameters.

Run again over the same landings, it finds what has landed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tieout.collectors.ipe import AirflowRun
from tieout.criteria.periods import ACCESS, ITEMS
from tieout.criteria.reviews import ACCESS_TYPE, ITEM_TYPE, ROLE_TYPE, ROLES_SYSTEM, ROSTER_TYPE
from tieout.criteria.toxic_combinations import load_toxic_combinations
from tieout.errors import ExtractionRefused
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.landing import LandingReference
from tieout.evidence.store import S3Store
from tieout.files import file_sha256
from tieout.flows import population_export as flow
from tieout.flows.campaign_window import NAMES, input_files
from tieout.flows.derived import derived_job, derived_landing, land_derived
from tieout.flows.index import landings
from tieout.flows.review_inputs import ReviewWindow
from tieout.provenance import code_version
from tieout.reviews.items import Contracts, Frozen, Inputs, frozen
from tieout.reviews.terms import Terms
from tieout.times import instant

Row = dict[str, Any]
_SPOTS = (
    "A flag says what the landed lists tell; what they do not tell is null, and no clearance.",
    "Who reports to whom, and who holds which role, is what people system and scope file said.",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Landings that a review is made of, as the index has them.

    Attributes:
        access: Entitlements, by system.
        roster: People.
        roles: Holders of roles.
        before: Items of the last review of each system that was reviewed before, by system.
    """

    access: dict[str, Row]
    roster: Row
    roles: Row
    before: dict[str, Row]

    def as_document(self) -> dict[str, Any]:
        """Return them as the manifest states them."""
        listed = {"access": self.access.values(), "roster": [self.roster], "roles": [self.roles], "before": self.before.values()}
        return {name: [{each: row[each] for each in NAMES} for row in rows] for name, rows in listed.items()}


def find_standing(planned: ReviewWindow, store: S3Store) -> Standing:
    """Return what a review is made of, once all of it has landed.

    Raises:
        ExtractionRefused: Something has not landed, or the list of people is empty.
        StoreUnavailable: The store did not answer; run it again.
    """
    key, roster = f"{ACCESS}{planned.window.key}", planned.review.roster.system
    rows = landings(store, control=planned.control_id)
    there = {row["system"]: row for row in rows if row["window"] == key}
    absent = [name for name in (*planned.systems, roster, ROLES_SYSTEM) if name not in there]
    if absent:
        msg = f"review {planned.campaign}: window {key} has not landed of {', '.join(absent)}. Collect it, and freeze then."
        raise ExtractionRefused(msg)
    if there[roster]["rows"] == 0:
        msg = f"review {planned.campaign}: the list of people of {roster} is empty: nobody could be found. Collect it again."
        raise ExtractionRefused(msg)
    access = {system: there[system] for system in planned.systems}
    return Standing(access, there[roster], there[ROLES_SYSTEM], _before(planned, rows))


def _before(planned: ReviewWindow, rows: Iterable[Row]) -> dict[str, Row]:
    """Return the items of the last review before this one, by system."""
    earlier = [row for row in rows if row["window"].startswith(ITEMS) and row["effective_to"] <= planned.window.start]
    ordered = sorted(earlier, key=lambda row: (row["effective_to"], row["landed_at"]))
    return {row["system"]: row for row in ordered if row["system"] in planned.systems}


def freeze(
    planned: ReviewWindow,
    store: S3Store,
    signer: DocumentSigner,
    clock: flow.Clock,
    folder: Path,
    run: AirflowRun | None,
    reason: str | None = None,
) -> dict[str, LandingReference]:
    """Work out the items of a review, and land them.

    Args:
        planned: From `tieout.flows.review_inputs.plan_review`.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
        clock: Tells the time, UTC. Its local day is the day of the freeze.
        folder: An empty work folder.
        run: The Airflow task; ``None`` on the command line.
        reason: Why the items supersede those that stand, if any do. Items that a campaign asks about are never superseded.

    Returns:
        The landing of each system.

    Raises:
        ExtractionRefused: Something that it is made of has not landed, or nobody can be asked about some items.
        ContractError: The entitlements of a system are of several times, or the items break their contract.
        LandingConflict: A landing is not what its manifest says, or other items stand and there is no reason to supersede them.
        StoreUnavailable: The store did not answer; run it again.
    """
    started = clock()
    standing = find_standing(planned, store)  # (1)
    contracts = Contracts(
        *(flow.contract_of(planned.settings, each) for each in (ACCESS_TYPE, ROSTER_TYPE, ROLE_TYPE, ITEM_TYPE))
    )
    inputs = Inputs(
        access=input_files(store, standing.access.values(), contracts.access.table, folder),
        roster=input_files(store, [standing.roster], contracts.roster.table, folder),
        roles=input_files(store, [standing.roles], contracts.roles.table, folder),
        before=input_files(store, standing.before.values(), contracts.items.table, folder),
    )  # (2)
    terms, references = _terms(planned, standing, started), {}
    with frozen(inputs, contracts, terms, folder) as found:
        found.require_reviewers()  # (3)
        for system, row in standing.access.items():
            job = derived_job(_items_job(planned, system), ITEM_TYPE)
            said = {**_ipe(planned, system, standing, found, store, run), "started_at": instant(started)}
            extraction = _extraction(job, said, clock)
            own = folder / system
            own.mkdir()
            references[system] = land_derived(
                job, found.rows(system), row["rows"], extraction, (), store, signer, clock, own, reason
            )  # (4)
    return references


def _terms(planned: ReviewWindow, standing: Standing, now: datetime) -> Terms:
    path = planned.review.toxic_combinations
    return Terms(
        review_id=planned.campaign,
        review=planned.review,
        combinations=load_toxic_combinations(planned.settings.resolve(path)) if path else None,
        systems=planned.systems,
        reviewed_before=tuple(standing.before),
        last_day=planned.days[1] - timedelta(days=1),
        frozen_on=planned.scope.calendar.day_of(now),
    )


def _items_job(planned: ReviewWindow, system: str) -> flow.Job:
    key = f"{ITEMS}{planned.window.key}"
    return flow.plan_span(planned.settings, planned.control_id, system, planned.period, key, planned.days)


def _extraction(job: flow.Job, said: dict[str, Any], clock: flow.Clock) -> dict[str, Any]:
    at = clock()
    made_of = {"inputs": said["inputs"], "parameters": said["request"]["parameters"]}
    return {
        "landing": derived_landing(job, control_sha256=job.control_sha256, **made_of),
        "collected_at": instant(at),
        "extraction": flow.extraction_state(job, at),
        "ipe": {**said, "finished_at": instant(at)},
    }


def _ipe(
    planned: ReviewWindow, system: str, standing: Standing, found: Frozen, store: S3Store, run: AirflowRun | None
) -> dict[str, Any]:
    """Return how the items of a system were produced; but for when."""
    path = planned.review.toxic_combinations
    combinations = {"path": path, "sha256": file_sha256(planned.settings.resolve(path))} if path else None
    return {
        "kind": "population for testing",
        "system": system,
        "environment": planned.settings.environment,
        "report": "items of a review of access",
        "source": {"kind": "landings of the evidence bucket", "location": f"s3://{store.bucket}", "account": None},
        "request": {"query": list(found.queries), "parameters": found.parameters},
        "inputs": {**standing.as_document(), "toxic_combinations": combinations},
        "rows": found.counts(system),
        "second_count": {
            "rows": standing.access[system]["rows"],
            "how": "entitlements that the manifest of their landing counts",
            "class": "other endpoint",
        },
        "blind_spots": list(_SPOTS),
        "code": code_version(planned.settings.home).as_document(),
        "airflow": asdict(run) if run else None,
    }
