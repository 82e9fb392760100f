# SPDX-License-Identifier: Apache-2.0
"""Plans the campaign of a window by what the control's file has people do, and the lists that it is made of."""

from __future__ import annotations

from datetime import datetime

from tieout.collectors.reach import Reach
from tieout.criteria.controls import Control
from tieout.errors import ConfigurationError
from tieout.flows import population_export as flow
from tieout.flows.campaign_window import CampaignWindow
from tieout.flows.confirmation_inputs import plan_confirmation
from tieout.flows.policy_inputs import PolicyWindow, people_job, people_job_until, plan_policies
from tieout.flows.review_inputs import ReviewWindow, input_job, plan_review, removal_job_until
from tieout.settings import Settings


def plan_campaign(settings: Settings, control_id: str, window_key: str) -> CampaignWindow:
    """Plan the campaign of one window of a control.

    Raises:
        ConfigurationError: A file is wrong, or people perform the control in no campaign.
        ExtractionRefused: The key names no window of the control's kind, or one in no observation period.
    """
    control, scope = flow.read_control(settings, control_id)
    if control.confirmation is not None:
        return plan_confirmation(settings, control_id, control, scope, window_key)
    if control.acknowledgment is not None:
        return plan_policies(settings, control_id, control, scope, window_key)
    return plan_review(settings, control_id, window_key)


def lists_of(control: Control) -> list[str]:
    """Return the systems from which something is collected for a control, its population or what its campaigns are made of.

    Of a control whose owner fills in a form there are none.
    """
    if control.confirmation is not None:
        return []
    systems = [source.system for source in control.systems]
    return list(control.review.lists(systems)) if control.review else systems


def collected_job(settings: Settings, control_id: str, system: str, window_key: str, reach: Reach | None = None) -> flow.Job:
    """Return the job of what is collected for a window: a population, or a list that a campaign is made of.

    Raises:
        ConfigurationError: A file is wrong, or the control has no such system.
        ExtractionRefused: The key names no window of the control's kind, or one in no observation period.
    """
    control, _ = flow.read_control(settings, control_id)
    if control.is_campaign:
        return first_list(plan_campaign(settings, control_id, window_key), system, reach)
    return flow.plan(settings, control_id, system, window_key, reach)


def first_list(planned: CampaignWindow, system: str, reach: Reach | None = None) -> flow.Job:
    """Return the job of one list that has to land before a campaign is frozen, by the system that it lands under.

    Raises:
        ConfigurationError: A contract is wrong, or the campaign has no such system.
    """
    if isinstance(planned, PolicyWindow):
        return people_job(planned, system, reach)
    if isinstance(planned, ReviewWindow):
        return input_job(planned, system, reach)
    raise _unknown(planned)


def second_list(planned: CampaignWindow, system: str, until: datetime, reach: Reach | None = None) -> flow.Job:
    """Return the job of one list that lands again after a campaign is closed, as of an instant.

    Raises:
        ConfigurationError: A contract is wrong, or the campaign has no such system.
        ExtractionRefused: The instant is not after the window.
    """
    if isinstance(planned, PolicyWindow):
        return people_job_until(planned, system, until, reach)
    if isinstance(planned, ReviewWindow):
        return removal_job_until(planned, system, until, reach)
    raise _unknown(planned)


def _unknown(planned: CampaignWindow) -> ConfigurationError:
    return ConfigurationError(f"control {planned.control_id!r}: its campaigns are made of no lists.")
