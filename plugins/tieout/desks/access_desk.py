# SPDX-License-Identifier: Apache-2.0
"""The desk of auditors' access: what somebody with a grant is shown, and a link to one object once its use is recorded.

1. A grant of the person's is in force now; the period, and the object, are among what it lets them read.
2. Where the grant names an NDA, the person has accepted its text as it is now.
3. The link is signed, for one version of one key. Nobody has it yet.
4. Its use is stored as a signed response. If that fails there is no link.
5. The link is handed out.

Grants are read from their file each time: one that is taken away lets nobody in from the next request on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from tieout.audit.accesses import Accepted, Use, use_of
from tieout.criteria.auditor_access import Force, Grant, load_grants
from tieout.criteria.scope import Scope, load_scope
from tieout.desks.desk import AIRFLOW, Refused
from tieout.evidence.key_list import KeyList
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.links import Link, LinkSigner
from tieout.evidence.store import S3Store
from tieout.flows import access_reading as reading
from tieout.flows.access import Person, Stored, has_accepted, record
from tieout.flows.access_terms import Terms, read_terms
from tieout.settings import Settings

NO_GRANT = "No access to evidence is recorded for you."
OTHER_PERIOD = "Your access does not reach evidence of this period."
NO_SUCH = "There is no such object among what your access lets you read."
NO_LANDING = "There is no such landing among what your access lets you read."
NOT_ACCEPTED = "The text has to be accepted first, as it is now."
NO_RAW = (
    "What a source sent is read by no identity that links are signed as here. Whoever runs Tieout can name one: "
    "TIEOUT_LINKS_CONN_ID."
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody may read now.

    Attributes:
        grants: Theirs that are in force.
        said: Why there is none, as whole sentences.
    """

    grants: tuple[Grant, ...]
    said: str


@dataclass(frozen=True, slots=True)
class Given:
    """A link, the object that it leads to, and the response that its use was stored in."""

    link: Link
    shown: reading.ObjectShown
    stored: Stored


@dataclass(frozen=True)
class AccessDesk:
    """The desk of one installation. Thread-safe.

    Attributes:
        settings: The installation's.
        store: The evidence bucket, as the responder.
        signer: Opens the key of scope response; asked before each response.
        links: Signs links.
        raw: Whether the identity that links are signed as may read raw pages.
        keys: Returns the bucket's key list, checked under the installation's root.
        person_of: The person that an e-mail address stands for.
        zone: The program's time zone.
        now: UTC.
    """

    settings: Settings
    store: S3Store
    signer: Callable[[], DocumentSigner]
    links: LinkSigner
    raw: bool
    keys: Callable[[], KeyList]
    person_of: Callable[[str], str]
    zone: ZoneInfo
    now: Callable[[], datetime]
    _accepted: set[tuple[str, str, str]] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def standing(self, person: str) -> Standing:
        """Return what a person may read now.

        Raises:
            ConfigurationError: The file of grants is wrong: nobody reads anything then.
        """
        now = self.now()
        mine = [each for each in load_grants(self.settings.criteria_folder) if self.person_of(each.person) == person]
        told = {
            Force.NOT_YET: lambda grant: f"Your access {grant.id} begins on {grant.from_}.",
            Force.ENDED: lambda grant: f"Your access {grant.id} ended with {grant.until}.",
        }
        forces = [(each, each.standing(now, self.zone)) for each in mine]
        said = [told[force](each) for each, force in forces if force in told]
        return Standing(tuple(each for each, force in forces if force is Force.IN_FORCE), " ".join(said) or NO_GRANT)

    def grant(self, person: str, grant: str, period: str | None = None) -> Grant | Refused:
        """Return a person's grant that is in force now, and reaches a period; why not, else (1)."""
        standing = self.standing(person)
        found = next((each for each in standing.grants if each.id == grant), None)
        if found is None:
            return Refused(NO_GRANT if standing.grants else standing.said)
        if period is not None and (period not in found.periods or found.role != "auditor"):
            return Refused(OTHER_PERIOD)
        return found

    def terms(self, person: str, grant: Grant) -> Terms | None:
        """Return the text that a person has to accept before they read by a grant; ``None`` where nothing is to be accepted.

        Raises:
            ConfigurationError: The text can not be shown: nobody reads by the grant then.
        """
        if grant.nda is None:
            return None
        terms = read_terms(self.settings, grant.nda)
        return None if self._has_accepted(person, grant, terms) else terms

    def accept(self, person: str, grant: Grant, sha256: str) -> Stored | Refused:
        """Record that a person accepts a text; refused where it is not the grant's text as it is now."""
        if grant.nda is None or (terms := read_terms(self.settings, grant.nda)).sha256 != sha256:
            return Refused("The text is another one by now. Read it as it is now.")
        said = Accepted(grant=grant.id, firm=grant.firm, nda_sha256=terms.sha256)
        return self._record(person, grant.periods[0], said)

    def controls(self, period: str) -> list[reading.ControlShown]:
        """Return the controls that have landings in a period."""
        return reading.controls(self.store, period)

    def landings(self, period: str, control: str, start: int) -> tuple[list[reading.LandingShown], int]:
        """Return landings of a control, and how many there are (`tieout.flows.access_reading.landings`)."""
        return reading.landings(self.store, period, control, start)

    def objects(self, period: str, control: str, landing: str) -> Sequence[reading.ObjectShown] | Refused:
        """Return the objects of a landing."""
        found = reading.objects(self.store, period, control, landing)
        return Refused(NO_LANDING) if found is None else found

    def link(self, person: str, grant: str, place: tuple[str, str, str], key: str) -> Given | Refused:
        """Return a link to an object of a landing, once its use is recorded.

        Args:
            person: Who asks.
            grant: The grant's id.
            place: Period, control and landing.
            key: The object's key.

        Raises:
            TieoutError: The use could not be recorded, or something could not be read: there is no link.
        """
        period, control, landing = place
        mine = self.grant(person, grant, period)  # (1)
        if isinstance(mine, Refused):
            return mine
        shown = next((each for each in reading.objects(self.store, period, control, landing) or () if each.key == key), None)
        if shown is None:
            return Refused(NO_SUCH)
        return self._give(person, mine, period, shown)

    def document(self, person: str, grant: str, key: str) -> Given | Refused:
        """Return a link to a document that a report user's grant names, once its use is recorded; raises as `link`."""
        mine = self.grant(person, grant)  # (1)
        if isinstance(mine, Refused):
            return mine
        named = next((each for each in mine.documents if each.key == key), None)
        version = reading.first_of(self.store, key) if named else None
        if named is None or named.period is None or version is None:
            return Refused(NO_SUCH)
        return self._give(person, mine, named.period, reading.ObjectShown(key, version.version_id, named.title))

    def _give(self, person: str, grant: Grant, period: str, shown: reading.ObjectShown) -> Given | Refused:
        accepted = None
        if grant.nda is not None:
            terms = read_terms(self.settings, grant.nda)
            if not self._has_accepted(person, grant, terms):  # (2)
                return Refused(NOT_ACCEPTED)
            accepted = terms.sha256
        if shown.is_raw and not self.raw:
            return Refused(NO_RAW)
        link = self.links.sign(shown.key, shown.version_id)  # (3)
        stored = self._record(person, period, use_of(grant, shown.key, shown.version_id, link, accepted))  # (4)
        return Given(link, shown, stored)  # (5)

    def _record(self, person: str, period: str, said: Accepted | Use) -> Stored:
        who = Person(person, self.now(), (AIRFLOW, False))
        return record(self.settings, self._scope(), self.store, self.signer(), who, period, said)

    def _has_accepted(self, person: str, grant: Grant, terms: Terms) -> bool:
        """Whether an acceptance stands. One that was found is remembered: nobody takes it back, and a changed text is another."""
        asked = (grant.id, person, terms.sha256)
        with self._lock:
            if asked in self._accepted:
                return True
        periods = [each.id for each in self._scope().observation_periods]
        found = has_accepted(self.store, self.keys(), periods, *asked)
        if found:
            with self._lock:
                self._accepted.add(asked)
        return found

    def _scope(self) -> Scope:
        return load_scope(self.settings.scope_file)
