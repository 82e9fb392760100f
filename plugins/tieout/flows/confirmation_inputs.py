# SPDX-License-Identifier: Apache-2.0
"""The window that an owner confirms something for in a form, whose days and people the control's file and the scope say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tieout.criteria.controls import Control
from tieout.criteria.forms import Form
from tieout.criteria.scope import Scope
from tieout.errors import ConfigurationError
from tieout.flows.campaign_people import person_of
from tieout.flows.campaign_window import CampaignWindow, plan_window
from tieout.settings import Settings


@dataclass(frozen=True, slots=True)
class ConfirmationWindow(CampaignWindow):
    """The confirmation of one window.

    Attributes:
        form: What the control's file asks.
    """

    form: Form

    @property
    def system(self) -> str:
        """The one system that it lands under."""
        return self.systems[0]

    @property
    def last_day(self) -> date:
        """The last local day of the window."""
        return self.days[1] - timedelta(days=1)

    @property
    def due_on(self) -> date:
        """The last local day on which the form is handed in in time."""
        return self.form.days(self.last_day, self.scope.calendar.business).due

    @property
    def as_of(self) -> datetime:
        """The last second of the window, UTC."""
        return self.window.end - timedelta(seconds=1)

    @property
    def looking_role(self) -> str | None:
        """The role that looks at what was handed in; ``None`` where nobody does."""
        review = self.form.second_review
        return None if review is None else review.reviewer or self.control.reviewer

    def holders(self, role: str) -> tuple[str, ...]:
        """Return who holds a role, as the scope file says, each once.

        Raises:
            ConfigurationError: The key of person ids can not be read.
        """
        known = person_of(self.settings)
        return tuple(dict.fromkeys(known(each.email) for each in self.scope.owners if each.role == role))

    def nobody_holds(self, role: str) -> ConfigurationError:
        """Return the error that says that nobody who holds a role could be asked."""
        return ConfigurationError(
            f"control {self.control_id!r}: owners of scope.yaml name nobody who is {role}. Nobody could be asked."
        )

    @property
    def is_asked(self) -> bool:
        """Whether the form is asked after this window."""
        quarters = self.form.asked_in
        return not quarters or self.window.key.rpartition("-")[2] in quarters


def plan_confirmation(settings: Settings, control_id: str, control: Control, scope: Scope, window_key: str) -> ConfirmationWindow:
    """Plan the confirmation of one window.

    Raises:
        ConfigurationError: The control has no form, or more than one system.
        ExtractionRefused: The key names no window of the control's kind, or one in no observation period.
    """
    if control.confirmation is None or len(control.systems) != 1:
        got = f"{len(control.systems)} systems" if control.confirmation else "no section 'confirmation', which holds the form"
        msg = f"control {control_id!r}: expected a form and one system that it lands under, got {got}. Run tieout lint."
        raise ConfigurationError(msg)
    found = plan_window(settings, control_id, control, scope, window_key)
    return ConfirmationWindow(settings, control_id, control, scope, found.period, found.window, control.confirmation)
