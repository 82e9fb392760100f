# SPDX-License-Identifier: Apache-2.0
"""The DAG of an access review: lists land and are frozen, people answer, what they decided is proven and signed off, and lands.

    <system>.collect >> validate >> land      entitlements of each system, people, holders of roles
      >> freeze >> open >> answers            the campaign; it takes as long as people take
      >> tickets >> removal_due               what is revoked or changed is carried out
      >> again.<system>.collect >> validate >> land
      >> prepare >> sign_off >> land_review.<system>

It has no Deadline Alert: a run takes weeks by design, and what is late the campaign and freshness say.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Asset, Param, TaskGroup

from tieout.criteria.controls import Control
from tieout.criteria.reviews import ROLES_SYSTEM, Review
from tieout.settings import Settings
from tieout.tasks.campaign_lists import distinct, extraction
from tieout.tasks.campaign_waits import between_looks
from tieout.tasks.review_steps import FreezeOperator, LandReviewOperator, OpenOperator, PrepareOperator, TicketsOperator
from tieout.tasks.review_waits import AT_ONCE, COLLECT_AGAIN, DUE, RemovalDueSensor, ReviewAnswersSensor
from tieout.tasks.runs import UNSIGNED_BECAUSE
from tieout.tasks.windows import Slot

_NAMED = frozenset({"again", "answers", "freeze", "land_review", "open", "prepare", "removal_due", "sign_off", "tickets"})
PARAMS: dict[str, Any] = {
    COLLECT_AGAIN: Param(
        DUE,
        enum=[DUE, AT_ONCE],
        title="Collect the entitlements again",
        description="due: once the agreed days are over. now: as soon as the review is closed and tickets are open; what still "
        "stands then may be taken away in time all the same, and counts as not determinable.",
    ),
    UNSIGNED_BECAUSE: Param(
        None,
        type=["null", "string"],
        maxLength=4000,
        title="Land without a sign-off, because",
        description="Why the review lands although nobody signed it off: whoever could has left, or does not answer. It stands "
        "in the landing, whose rows say that nobody signed. Start another run of the window with it, and mark the one that waits "
        "as failed. What was signed off lands with that; what was returned does not land. Name nobody in it.",
    ),
}


def add_tasks(dag: DAG, control_id: str, control: Control, landings: Asset, settings: Settings) -> None:
    """Add the tasks of a control with a review to its DAG.

    Raises:
        ConfigurationError: A system has the name of a task, or of another list of the review.
    """
    review = control.review
    if review is None:
        raise AssertionError(control_id)
    systems = [source.system for source in control.systems]
    inputs = distinct(control_id, review.lists(systems), f"systems, people and {ROLES_SYSTEM!r}", _NAMED)
    common: dict[str, Any] = {"control_id": control_id, "dag": dag}
    landed = [extraction(name, Slot.INPUT, common) for name in inputs]
    freeze = FreezeOperator(task_id="freeze", **common)
    opened = OpenOperator(task_id="open", **common)
    waiting = {"poll_seconds": settings.campaign_poll_seconds, **common}
    answers = ReviewAnswersSensor(task_id="answers", **waiting)
    tickets = TicketsOperator(task_id="tickets", **common)
    due = RemovalDueSensor(task_id="removal_due", removal_due_at=answers.output["removal_due_at"], **waiting)
    landed >> freeze >> opened >> answers >> tickets >> due
    with TaskGroup(group_id="again", dag=dag):
        again = [extraction(name, Slot.AGAIN, common, due.output["until"]) for name in systems]
    prepare = PrepareOperator(task_id="prepare", multiple_outputs=True, **common)
    again >> prepare
    _end(prepare, systems, landings, review, settings, common)


def _end(
    prepare: PrepareOperator, systems: list[str], landings: Asset, review: Review, settings: Settings, common: dict[str, Any]
) -> None:
    """Add the sign-off, and the landings of what it is about."""
    from tieout.tasks.sign_off import SignOffOperator

    about = prepare.output["document_sha256"]
    doc = f"Role that signs off: {review.sign_off or 'the reviewer of the control'}."
    every = between_looks(settings.campaign_poll_seconds)
    sign_off = SignOffOperator(task_id="sign_off", about_sha256=about, response_timeout=every, doc_md=doc, **common)
    prepare >> sign_off
    with TaskGroup(group_id="land_review", dag=common["dag"]):
        for system in systems:
            landed = LandReviewOperator(task_id=system, system=system, about_sha256=about, outlets=[landings], **common)
            sign_off >> landed
