# SPDX-License-Identifier: Apache-2.0
"""Airflow's required actions of our sign-off tasks, as the api-server sees them: read, assigned, answered as a person.

They are read from Airflow's database, which the api-server may do and no task (trap T4): its public API shows them to a user,
and there may be none that we know. They are answered through the public API, in this process and as the person: Airflow holds
that against who is assigned and against the person's role, and writes it into its audit log.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tieout.web.airflow_users import Assignee

OPERATOR = "SignOffOperator"
MOST = 100
"""Required actions that one look takes of each kind; the others come once these are done with."""
TOKEN_SECONDS = 30
"""How long the token of a person is good for with which one answer is given; it stands in no log and in no file."""
APPROVE, REJECT = "Approve", "Reject"
_PARKED = "awaiting_input"


@dataclass(frozen=True, slots=True)
class Place:
    """Which task it is of."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One that waits for an answer, of a task that is parked.

    Attributes:
        id: Of the task's try.
        place: Which task.
        subject: As Airflow shows it.
        body: As Airflow shows it.
        assigned: Who may answer.
        asked_at: When this try of the task began, UTC.
        parked_at: When it parked, UTC.
    """

    id: Any
    place: Place
    subject: str
    body: str
    assigned: tuple[Assignee, ...]
    asked_at: datetime
    parked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One that was answered in Airflow, by whoever: of the present try of its task, or of one before.

    Attributes:
        place: Which task.
        subject: As Airflow showed it.
        body: As Airflow showed it.
        asked_at: When that try of the task began, UTC.
        user_id: Airflow's id of who answered; empty where nobody did.
        at: When, UTC.
        approved: Whether it was approved; else it was rejected.
        reason: What was written beside it.
    """

    place: Place
    subject: str
    body: str
    asked_at: datetime
    user_id: str
    at: datetime
    approved: bool
    reason: str = field(repr=False)


class RequiredActions:
    """The required actions of the Airflow that this process serves."""

    def waiting(self) -> list[Waiting]:
        """Return those that wait, the oldest first. Waits for Airflow's database."""
        from airflow.models.hitl import HITLDetail
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils.session import create_session
        from sqlalchemy import select

        detail, task = HITLDetail, TaskInstance
        query = (
            select(detail.ti_id, *_place(task), *_shown(detail), detail.assignees, task.start_date, task.updated_at)
            .join(task, task.id == detail.ti_id)
            .where(task.operator == OPERATOR, task.state == _PARKED, detail.responded_at.is_(None))
            .order_by(task.updated_at)
            .limit(MOST)
        )
        with create_session() as session:
            rows = session.execute(query).all()
        return [
            Waiting(
                id=ti_id, place=Place(*place), subject=subject, body=body or "", assigned=_assigned(assignees),
                asked_at=started, parked_at=updated,
            )
            for ti_id, *place, subject, body, assignees, started, updated in rows
            if started is not None and updated is not None
        ]  # fmt: skip

    def answered(self, since: datetime) -> list[Answered]:
        """Return those that were answered since a time, those of earlier tries first. Waits for Airflow's database."""
        from airflow.models.hitl import HITLDetail
        from airflow.models.hitl_history import HITLDetailHistory
        from airflow.models.taskinstance import TaskInstance
        from airflow.models.taskinstancehistory import TaskInstanceHistory
        from airflow.utils.session import create_session
        from sqlalchemy import select

        found: list[Answered] = []
        kinds: tuple[tuple[Any, Any, Any, Any], ...] = (
            (HITLDetailHistory, TaskInstanceHistory, HITLDetailHistory.ti_history_id, TaskInstanceHistory.task_instance_id),
            (HITLDetail, TaskInstance, HITLDetail.ti_id, TaskInstance.id),
        )
        for detail, task, of_detail, of_task in kinds:
            given = (detail.responded_by, detail.responded_at, detail.chosen_options, detail.params_input)
            query = (
                select(*_place(task), *_shown(detail), task.start_date, *given)
                .join(task, of_task == of_detail)
                .where(task.operator == OPERATOR, detail.responded_at >= since)
                .order_by(detail.responded_at)
                .limit(MOST)
            )
            with create_session() as session:
                rows = session.execute(query).all()
            found += [_answered(row) for row in rows]
        return found

    def assign(self, waiting: Waiting, users: Iterable[Assignee]) -> None:
        """Have one that waits list who may answer it. Waits for Airflow's database."""
        from airflow.models.hitl import HITLDetail
        from airflow.utils.session import create_session
        from sqlalchemy import update

        listed = [{"id": user_id, "name": name} for user_id, name in users]
        unanswered = (HITLDetail.ti_id == waiting.id, HITLDetail.responded_at.is_(None))
        with create_session() as session:
            session.execute(update(HITLDetail).where(*unanswered).values(assignees=listed))

    async def answer(self, waiting: Waiting, user: Any, *, approved: bool) -> int:
        """Answer one that waits as a user, and return the HTTP status of Airflow's API: 409 where it was answered meanwhile."""
        from airflow.api_fastapi.app import cached_app, get_auth_manager
        from httpx import ASGITransport, AsyncClient

        # The same arguments as in airflow.api_fastapi.main: others would build a second Airflow.
        app: Any = cached_app(apps=os.environ.get("AIRFLOW_API_APPS", "all"))
        token = get_auth_manager().generate_jwt(user, expiration_time_in_seconds=TOKEN_SECONDS)
        place = waiting.place
        dag, run, task = (quote(each, safe="") for each in (place.dag_id, place.run_id, place.task_id))
        path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}/{place.map_index}/hitlDetails"
        body = {"chosen_options": [APPROVE if approved else REJECT]}
        async with AsyncClient(transport=ASGITransport(app), base_url="http://tieout.internal") as client:
            answer = await client.patch(path, json=body, headers={"Authorization": f"Bearer {token}"})
        return int(answer.status_code)


def _place(task: Any) -> tuple[Any, ...]:
    return task.dag_id, task.run_id, task.task_id, task.map_index


def _shown(detail: Any) -> tuple[Any, Any]:
    return detail.subject, detail.body


def _assigned(assignees: Any) -> tuple[Assignee, ...]:
    return tuple((str(each["id"]), str(each["name"])) for each in assignees or ())


def _answered(row: Any) -> Answered:
    *place, subject, body, started, by, at, options, params = row
    reason = (params or {}).get("reason")
    return Answered(
        place=Place(*place),
        subject=subject,
        body=body or "",
        asked_at=started or at,
        user_id=str((by or {}).get("id") or ""),
        at=at,
        approved=list(options or ()) == [APPROVE],
        reason=reason if isinstance(reason, str) else "",
    )
