# SPDX-License-Identifier: Apache-2.0
"""Who visits: an Airflow user as a person of ours, by e-mail address; or why nobody can tell. Pure.

Airflow has checked who the user is. FAB, and most auth managers, say an address; the simple auth manager knows a user name only,
which counts where it is an address. Whoever administers Airflow's users decides whose address a user has: he could be anybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tieout.desks.desk import AIRFLOW, Member

LONGEST = 254
"""Characters of an address (RFC 5321, section 4.5.3.1.3, less its brackets)."""
_PART = r"[^\s@<>\"(),:;\\\[\]\x00-\x1f\x7f]+"
_ADDRESS = re.compile(rf"{_PART}@{_PART}\.{_PART}")
_MADE_UP = "@email.notfound"
"""What FAB writes where LDAP, OAuth or the web server told it no address."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """An Airflow user whose person is known.

    Attributes:
        user: Airflow's id of the user.
        person: The person.
        address: What the person is known by; shown to nobody but them.
    """

    user: str
    person: str
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why nobody can tell whose an Airflow user is, and what to do about it; both for that user to read."""

    reason: str
    cure: str


def visitor_of(user: object, person_of: Callable[[str], str]) -> Visitor | Unknown:
    """Return who an Airflow user is.

    Args:
        user: As the auth manager gives it.
        person_of: The person that an e-mail address stands for: a person id, or the address itself.
    """
    if getattr(user, "is_anonymous", False) is True:
        return Unknown("You are not signed in to Airflow as anybody.", "Sign in to Airflow with your own user.")
    address = address_of(user)
    if address is None:
        return Unknown(
            "Reviews are given to people by their e-mail address, and your Airflow user has none.",
            "Ask whoever administers Airflow to enter your work address as the e-mail address of your user (FAB), or to give you "
            "a user whose name is that address (simple auth manager). Then sign in again.",
        )
    return Visitor(_id_of(user), person_of(address), address)


def address_of(user: object) -> str | None:
    """Return the e-mail address of an Airflow user; ``None`` where there is none. A name counts where nothing else is known."""
    return as_address(getattr(user, "email", None) if hasattr(user, "email") else getattr(user, "username", None))


def as_address(said: object) -> str | None:
    """Return an e-mail address; ``None`` where what is given is none that somebody could have."""
    if not isinstance(said, str) or len(said) > LONGEST or said.lower().endswith(_MADE_UP):
        return None
    return said if _ADDRESS.fullmatch(said) else None


def as_member(visitor: Visitor) -> Member:
    """Return a visitor as the desk knows who acts. The one place where the pages say who that is."""
    return Member(AIRFLOW, visitor.user, visitor.person)


def _id_of(user: object) -> str:
    return str(user.get_id())  # type: ignore[attr-defined]
