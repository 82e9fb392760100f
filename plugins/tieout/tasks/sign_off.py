# SPDX-License-Identifier: Apache-2.0
"""The task that waits for the second person: its required action in Airflow is a picture of the ledger, and never the ledger.

1. What counts is a signed response in the bucket. The task looks for it first, and has nothing to wait for where it stands.
   Where the run says why it lands without, it waits for none, unless it was returned: that is answered, not passed over.
2. Else it parks. It takes no slot and needs no triggerer; the scheduler wakes it after `response_timeout` to look again, and to
   remind who may sign.
3. An answer in Airflow wakes it at once. It is nothing by itself: the api-server stores it as that person's response, and only
   then does the task go on. Where that takes longer than `PATIENCE`, the task is tried again, and looks again.
4. A document that is returned fails the task, once for each return. Cleared, it asks again.

Airflow erases an answer when a request is put again. So it is put once for each asking: a task that is tried again waits for what
was answered before, and parks under the request that stands. Clearing asks anew, and keeps the answer in Airflow's history.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import NEVER_EXPIRE, Param  # type: ignore[attr-defined]  # its stub file forgets the first
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput

from tieout.errors import SourceUnavailable
from tieout.settings import Settings, from_environment
from tieout.tasks.runs import named_window, now, unsigned_because
from tieout.tasks.sign_off_messages import ask, remind, settle

if TYPE_CHECKING:
    from airflow.sdk import Context

    from tieout.campaigns.events import SignedOff
    from tieout.flows.signing import Signing

log = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=30)
"""How long an answer that was given in Airflow is waited for in the ledger before the task is tried again."""
LEAST_RETRIES = 2
"""Airflow 3.3 can fail a task that is answered within seconds of parking; it is tried again, and finds the answer."""
_LOOK_SECONDS = 2.0
_PUT = "put"
"""Under this the task keeps for which number of tries its request was put."""


class SignOffOperator(ApprovalOperator):
    """Wait until somebody who may has signed off what a review came to, and return what stands.

    Args:
        control_id: The control; the run's partition key names the window.
        about_sha256: SHA-256 of the document, from `tieout.flows.review_sign_off.prepare_sign_off`.
        response_timeout: How often a parked task looks into the ledger, if nothing wakes it before.
        assigned_users: Airflow users who may answer in Airflow, as ``{"id": ..., "name": ...}``; ``None`` for those who may sign
            off. Whoever answers, what counts is who may sign off by the campaign's definition.
        patience: How long it looks for what may be on its way into the ledger.

    Returns:
        Response, document and time: a reference, never evidence; no response and no time where it goes on without.
    """

    template_fields = ("subject", "body", "about_sha256", "assigned_users")

    def __init__(
        self,
        *,
        control_id: str,
        about_sha256: Any,
        response_timeout: timedelta,
        assigned_users: Any = None,
        patience: timedelta = PATIENCE,
        **kwargs: Any,
    ) -> None:
        kwargs["retries"] = max(LEAST_RETRIES, kwargs.get("retries") or 0)
        kwargs.pop("params", None)  # the DAG's, which Airflow hands to each task: nobody who signs off is asked for them
        reason = Param(None, type=["null", "string"], title="Why", description="Needed where you reject it.", maxLength=4000)
        super().__init__(
            subject="Sign off",
            assigned_users=assigned_users,
            response_timeout=response_timeout,
            params={"reason": reason},
            **kwargs,
        )
        self.control_id = control_id
        self.about_sha256 = about_sha256
        self.patience = patience

    def execute(self, context: Context) -> dict[str, Any]:
        """Return what stands, or ask and park."""
        settings = from_environment()
        signing, tries = self._read(settings, context), context["ti"].max_tries
        put = context["task_state_store"].get(_PUT) == tries  # clearing raises it, trying again does not
        found = self._found(context, signing, patient=put)
        if found is not None:
            return self._done(settings, signing, found)
        if unsigned_because(context) is not None and signing.holding is None:
            log.warning("Nobody has signed off document %s: the run lands it all the same, and says why", signing.prepared.sha256)
            return {"response": None, "about_sha256": signing.prepared.sha256, "at": None}
        signers = signing.signers(now())
        if not put:  # once for each asking: Airflow erases with it what was answered
            self._request(context, signing, signers)
            context["task_state_store"].set(_PUT, tries, retention=NEVER_EXPIRE)
        ask(settings, signing, signers)
        log.info("Waiting: %s may sign off document %s", len(signers), signing.prepared.sha256)
        raise self._parked()

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on if the ledger holds the sign-off; the event says that somebody has answered in Airflow, or that it is time."""
        settings = from_environment()
        signing, answered = self._read(settings, context), "error" not in event
        found = self._found(context, signing, patient=answered)
        if found is not None:
            return self._done(settings, signing, found)
        if not answered:
            remind(settings, signing, now())
            raise self._parked()
        msg = (
            f"review {signing.definition.campaign}: an answer was given in Airflow, and no sign-off that counts is in the ledger."
            " The api-server stores it within seconds if whoever answered may sign off; its log says what kept it from that. The "
            "task looks again. Where it fails for good, clear it: it asks again."
        )
        raise SourceUnavailable(msg)

    def _read(self, settings: Settings, context: Context) -> Signing:
        from tieout.flows.campaigns import Campaigns
        from tieout.flows.review_inputs import plan_review
        from tieout.flows.signing import read_signing
        from tieout.tasks.connections import stores

        planned = plan_review(settings, self.control_id, named_window(context))
        evidence, _ = stores(settings)
        return read_signing(planned, Campaigns(settings, evidence), self.about_sha256)

    def _found(self, context: Context, signing: Signing, *, patient: bool) -> SignedOff | None:
        """Return the approval that holds; where an answer may be on its way into the ledger, wait for it.

        Raises:
            AirflowFailException: It was returned, and this run has not failed for that yet.
        """
        until = time.monotonic() + (self.patience.total_seconds() if patient else 0)
        while (found := self._holding(context, signing)) is None and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)
            signing.ledger.refresh()
        return found

    def _holding(self, context: Context, signing: Signing) -> SignedOff | None:
        """Return the approval that holds.

        Raises:
            AirflowFailException: It was returned, and this run has not failed for that yet.
        """
        said, store = signing.holding, context["task_state_store"]
        if said is not None and said.approved:
            return said
        key = f"returned-{signing.prepared.sha256[:32]}"
        known = store.get(key)
        if known is None or (said is not None and said.id != known):
            store.set(key, said.id if said else "", retention=NEVER_EXPIRE)
        if known is not None and said is not None and said.id != known:
            raise AirflowFailException(_returned(signing, said))
        return None

    def _request(self, context: Context, signing: Signing, signers: tuple[str, ...]) -> None:
        """Put the request before people in Airflow. Where it has one of an earlier asking, it keeps showing that one's text."""
        from airflow.sdk.execution_time.comms import CreateHITLDetailPayload
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

        from tieout.flows.signing import required_action

        self.subject, self.body = required_action(signing.prepared)
        users = self.assigned_users or [{"id": person, "name": person} for person in signers]
        standing = SUPERVISOR_COMMS.send(
            CreateHITLDetailPayload(
                ti_id=context["task_instance"].id, options=self.options, subject=self.subject, body=self.body, multiple=False,
                params=self.serialized_params, assigned_users=users,
            )
        )  # fmt: skip
        if (standing.subject, standing.body) != (self.subject, self.body):
            log.warning(
                "Airflow keeps showing the request of an earlier asking, which is about another document: an answer to it does "
                "not count. Answer on the page, or in Slack; a new run of this window has a request of its own."
            )

    def _parked(self) -> TaskAwaitingInput:
        return TaskAwaitingInput(method_name="execute_complete", timeout=self.response_timeout)

    def _done(self, settings: Settings, signing: Signing, said: SignedOff) -> dict[str, Any]:
        from tieout.times import instant

        log.info("Signed off in response %s: document %s", said.id, said.about_sha256)
        settle(settings, signing)
        return {"response": said.id, "about_sha256": said.about_sha256, "at": instant(said.stored_at or said.at)}


def _returned(signing: Signing, said: SignedOff) -> str:
    return (
        f"review {signing.definition.campaign}: whoever signs it off returned it in response {said.id}, which says why. Nothing "
        "lands before that is answered. If something was not carried out, have it done, and clear the task that collects the "
        "second list: what it came to is prepared again, and asked about again. If it only needs an explanation, give it, and "
        "clear this task: it asks again. A decision that was wrong can not be changed any more, as the campaign is closed: "
        "correct the access, and explain the deviation that lands."
    )
