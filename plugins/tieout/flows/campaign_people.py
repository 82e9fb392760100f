# SPDX-License-Identifier: Apache-2.0
"""The people of campaigns: the address of a person whom a messenger has to find, and the name by which others know them.

Without person ids a person is known by the address itself. With them, the identity table says whose address an id stands for, as
long as it does: what it has erased is asked again after `FRESH_SECONDS`, and is nobody's from then on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from tieout.errors import TieoutError
from tieout.evidence.identities import IdentityTable, Person
from tieout.evidence.store import S3Store
from tieout.persons import PERSON_ID, load_person_key, normalised
from tieout.settings import Settings

log = logging.getLogger(__name__)

FRESH_SECONDS = 600.0
"""How long what the identity table said is taken for so."""
_WORKERS = 8
_MOST = 50_000


def person_of(settings: Settings) -> Callable[[str], str]:
    """Return what gives the person that an e-mail address stands for: a person id where they are on, else the address.

    Raises:
        ConfigurationError: The key of person ids can not be read.
    """
    return load_person_key(settings.identity_key).person if settings.identity_key else normalised


class People:
    """Whose person ids are. Thread-safe.

    Args:
        table: The identity table; ``None`` where there are no person ids.
        clock: Monotonic seconds.
    """

    def __init__(self, table: IdentityTable | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._table, self._clock = table, clock
        self._known: dict[str, tuple[float, Person | None]] = {}
        self._lock = threading.Lock()

    @classmethod
    def beside(cls, store: S3Store, settings: Settings) -> People:
        """Return the people of an installation, reached as the identity that reaches ``store``."""
        return cls(IdentityTable.beside(store, settings) if settings.identity_bucket else None)

    def address(self, person: str) -> str | None:
        """Return the e-mail address of a person; ``None`` where nobody knows it any more.

        Raises:
            StoreUnavailable: The identity table did not answer; run it again.
        """
        if not PERSON_ID.fullmatch(person):
            return person if "@" in person else None
        found = self._entry(person)
        return found.email if found else None

    def names(self, persons: Iterable[str]) -> Mapping[str, str]:
        """Return the names of persons, or their addresses where no name is known; who has neither here is absent.

        A table that does not answer makes nobody wait: ids are shown then.
        """
        asked = sorted({person for person in persons if PERSON_ID.fullmatch(person)}) if self._table else []
        found = {person: self._fresh(person)[1] for person in asked if self._fresh(person)[0]}
        if absent := [person for person in asked if person not in found]:
            with ThreadPoolExecutor(min(_WORKERS, len(absent))) as pool:
                found |= zip(absent, pool.map(self._quietly, absent), strict=True)
        return {person: entry.name or entry.email for person, entry in found.items() if entry is not None}

    def _quietly(self, person: str) -> Person | None:
        try:
            return self._entry(person)
        except TieoutError as error:
            log.warning("The identity table did not answer: %s", type(error).__name__)
            return None

    def _fresh(self, person: str) -> tuple[bool, Person | None]:
        """Return whether it is known whose a person id is, and whose."""
        with self._lock:
            at, known = self._known.get(person, (None, None))
        return at is not None and self._clock() - at < FRESH_SECONDS, known

    def _entry(self, person: str) -> Person | None:
        fresh, known = self._fresh(person)
        if fresh:
            return known
        said = self._table.resolve(person) if self._table else None
        found = said if isinstance(said, Person) else None
        with self._lock:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[person] = (self._clock(), found)
        return found
