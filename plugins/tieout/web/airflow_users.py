# SPDX-License-Identifier: Apache-2.0
"""Airflow users as persons, and persons as Airflow users: by e-mail address, under the auth managers that let us look.

- The simple auth manager has its users in the configuration; a name that is an address counts.
- FAB has them in Airflow's database; their e-mail address counts, whatever its case.
- Of any other we know whoever has an address as user id, once they have answered. Nobody can be looked up, so that what people
  sign off in Slack or on our page is not shown in Airflow as theirs: the task finds it in the ledger all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from tieout.web.people import address_of, as_address

log = logging.getLogger(__name__)


Assignee = tuple[str, str]
"""Id and name of an Airflow user, as a required action lists those who may answer it."""


class Users(Protocol):
    """Airflow's users. Every method may be called from any thread, and may wait for Airflow's database."""

    def of(self, person: str) -> Any | None:
        """Return the user that is a person's; ``None`` where there is none, more than one, or none that is active."""

    def assignee(self, person: str) -> Assignee | None:
        """Return as whom a person may answer; ``None`` where nobody can tell."""

    def person(self, user_id: str) -> str | None:
        """Return whose a user is; ``None`` where nobody can tell."""


class SimpleUsers:
    """Users of the simple auth manager.

    Args:
        listed: Returns them.
        person_of: The person that an e-mail address stands for.
    """

    def __init__(self, listed: Callable[[], list[Any]], person_of: Callable[[str], str]) -> None:
        self._listed, self._person_of = listed, person_of

    def of(self, person: str) -> Any | None:
        """As `Users.of`."""
        found = [user for user in self._listed() if self.person(str(user.get_id())) == person]
        return found[0] if len(found) == 1 else None

    def assignee(self, person: str) -> Assignee | None:
        """As `Users.assignee`."""
        return _assignee(self.of(person))

    def person(self, user_id: str) -> str | None:
        """As `Users.person`."""
        known = any(str(user.get_id()) == user_id for user in self._listed())
        address = as_address(user_id) if known else None
        return self._person_of(address) if address else None


class FabUsers:
    """Users of FAB.

    Args:
        by_address: Returns the users with an e-mail address, given in lower case.
        by_id: Returns the user with an id.
        person_of: The person that an e-mail address stands for.
        address: The e-mail address of a person; ``None`` where nobody knows it any more.
    """

    def __init__(
        self,
        by_address: Callable[[str], list[Any]],
        by_id: Callable[[int], Any | None],
        person_of: Callable[[str], str],
        address: Callable[[str], str | None],
    ) -> None:
        self._by_address, self._by_id, self._person_of, self._address = by_address, by_id, person_of, address

    def of(self, person: str) -> Any | None:
        """As `Users.of`."""
        address = self._address(person)
        found = [user for user in self._by_address(address.lower())] if address else []
        return found[0] if len(found) == 1 and found[0].is_active else None

    def assignee(self, person: str) -> Assignee | None:
        """As `Users.assignee`."""
        return _assignee(self.of(person))

    def person(self, user_id: str) -> str | None:
        """As `Users.person`."""
        user = self._by_id(int(user_id)) if user_id.isascii() and user_id.isdigit() else None
        address = address_of(user) if user is not None else None
        return self._person_of(address) if address else None


class OtherUsers:
    """Users of an auth manager that we do not know.

    Args:
        name: Of its class.
        person_of: The person that an e-mail address stands for.
        address: The e-mail address of a person.
    """

    def __init__(self, name: str, person_of: Callable[[str], str], address: Callable[[str], str | None]) -> None:
        self._person_of, self._address = person_of, address
        log.warning(
            "%s: Tieout can not look users up under this auth manager. A sign-off that is given in Slack or on Tieout's page is "
            "not shown in Airflow as the person's; its task finds it in the ledger. Answers in Airflow count of users whose id "
            "is their e-mail address.",
            name,
        )

    def of(self, person: str) -> Any | None:  # noqa: ARG002
        """As `Users.of`: nobody."""
        return None

    def assignee(self, person: str) -> Assignee | None:
        """As `Users.assignee`."""
        address = self._address(person)
        return (address, address) if address else None

    def person(self, user_id: str) -> str | None:
        """As `Users.person`."""
        address = as_address(user_id)
        return self._person_of(address) if address else None


def airflow_users(manager: Any, person_of: Callable[[str], str], address: Callable[[str], str | None]) -> Users:
    """Return the users of an auth manager.

    Args:
        manager: The api-server's.
        person_of: The person that an e-mail address stands for.
        address: The e-mail address of a person.
    """
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    if isinstance(manager, SimpleAuthManager):
        return SimpleUsers(manager.get_users, person_of)
    if is_fab(manager):
        return FabUsers(users_by_address, _fab_by_id, person_of, address)
    return OtherUsers(type(manager).__name__, person_of, address)


def _assignee(user: Any | None) -> Assignee | None:
    return None if user is None else (str(user.get_id()), str(user.get_name()))


def is_fab(manager: Any) -> bool:
    """Whether an auth manager is FAB's, or made of it."""
    return any(each.__module__.startswith("airflow.providers.fab.") for each in type(manager).__mro__)


def users_by_address(address: str) -> list[Any]:
    """Return FAB's users with an e-mail address, given in lower case."""
    from airflow.providers.fab.auth_manager.models import User
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    with create_session() as session:
        return list(session.scalars(select(User).where(func.lower(User.email) == address)).unique())


def _fab_by_id(user_id: int) -> Any | None:
    from airflow.providers.fab.auth_manager.models import User
    from airflow.utils.session import create_session

    with create_session() as session:
        return session.get(User, user_id)
