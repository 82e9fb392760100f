# SPDX-License-Identifier: Apache-2.0
"""What an acknowledgment campaign is made of: the lists of people as of its window's end, and the policies that they are held to.

The people land as a report that is used in the control, under ``access-2026-W14``; after the campaign is closed they land once
more, under ``removal-2026-W14``, so that whoever has left meanwhile is known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tieout.collectors.reach import Reach
from tieout.criteria.acknowledgments import PEOPLE_TYPE, Acknowledgment
from tieout.criteria.controls import Control
from tieout.criteria.periods import ACCESS, REMOVAL
from tieout.criteria.policies import FOLDER, Policy, load_policy, policy_files
from tieout.criteria.scope import Scope
from tieout.errors import ConfigurationError, ExtractionRefused
from tieout.flows import population_export as flow
from tieout.flows.campaign_window import CampaignWindow, list_job, plan_window
from tieout.settings import Settings
from tieout.times import instant

_PERSON = "one person"


@dataclass(frozen=True, slots=True)
class PolicyWindow(CampaignWindow):
    """The acknowledgment campaign of one window.

    Attributes:
        acknowledgment: What the control's file says of it.
    """

    acknowledgment: Acknowledgment

    def policies(self) -> dict[str, Policy]:
        """Return the policies that the control names, by id, in its order.

        Raises:
            ConfigurationError: A file is wrong, or there is none.
        """
        files = policy_files(self.settings.criteria_folder / FOLDER)
        absent = [name for name in self.acknowledgment.policies if name not in files]
        if absent:
            msg = f"control {self.control_id!r}: no policy {', '.join(absent)} in include/criteria/{FOLDER}. Run tieout lint."
            raise ConfigurationError(msg)
        return {name: load_policy(files[name]) for name in self.acknowledgment.policies}


def plan_policies(settings: Settings, control_id: str, control: Control, scope: Scope, window_key: str) -> PolicyWindow:
    """Plan the acknowledgment campaign of one window.

    Raises:
        ConfigurationError: The control has no such section.
        ExtractionRefused: The key names no window of the control's kind, or one in no observation period.
    """
    if control.acknowledgment is None:
        msg = f"control {control_id!r}: its file has no section 'acknowledgment', which says what people acknowledge. Add it."
        raise ConfigurationError(msg)
    found = plan_window(settings, control_id, control, scope, window_key)
    return PolicyWindow(settings, control_id, control, scope, found.period, found.window, control.acknowledgment)


def people_job(planned: PolicyWindow, system: str, reach: Reach | None = None) -> flow.Job:
    """Plan the list of people of a system as of the window's end.

    Raises:
        ConfigurationError: A contract is wrong, or the control has no such system.
    """
    key = f"{ACCESS}{planned.window.key}"
    return list_job(planned, planned.control.source(system), PEOPLE_TYPE, _PERSON, key, planned.days, reach)


def people_job_until(planned: PolicyWindow, system: str, until: datetime, reach: Reach | None = None) -> flow.Job:
    """Plan the list of people of a system as of the close of the campaign.

    Args:
        planned: From `plan_policies`.
        system: One of its systems.
        until: When the campaign was closed, UTC.
        reach: Hands its collector the connections that it names.

    Raises:
        ConfigurationError: A contract is wrong, or the control has no such system.
        ExtractionRefused: The instant is not after the window.
    """
    if until <= planned.window.end:
        msg = f"campaign {planned.campaign}: expected an instant after {instant(planned.window.end)}, got {instant(until)}."
        raise ExtractionRefused(msg)
    key = f"{REMOVAL}{planned.window.key}"
    days = planned.days[1], planned.scope.calendar.day_of(until) + timedelta(days=1)
    job = list_job(planned, planned.control.source(system), PEOPLE_TYPE, _PERSON, key, days, reach)
    return replace(job, window=replace(job.window, end=until))
