# SPDX-License-Identifier: Apache-2.0
"""Auditors' access in the bucket: uses and acceptances are stored as signed responses, and read again.

They stand with the program, not with a control, under the period that they are about; where that is closed, under today's:
nothing may come under a period that has its final digest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from tieout.audit.accesses import CAMPAIGN, Accepted, Use, acceptances_of, assignment_of, said_in
from tieout.criteria.scope import Scope
from tieout.errors import ConfigurationError, StoreUnavailable, VerificationError
from tieout.evidence.key_list import KeyList
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.layout import RESPONSES, Class, Place, class_of
from tieout.evidence.records import Record, RecordKind
from tieout.evidence.responses import Response, check_response, read_response, write_response
from tieout.evidence.signed import Received
from tieout.evidence.sources import Evidence
from tieout.evidence.store import ObjectVersion, S3Store
from tieout.evidence.verify.outcome import finding_of
from tieout.flows.deviations_answer import open_period
from tieout.flows.documents import firsts, read_all
from tieout.flows.snapshot import CLOSE_WINDOW, PROGRAM
from tieout.flows.upkeep import retention_for
from tieout.settings import Settings

_WORKERS, _AT_ONCE = 8, 1000


@dataclass(frozen=True, slots=True)
class Stored:
    """A response that stands: its id and its key."""

    response: str
    key: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts: their person id, when, and through what."""

    person: str
    at: datetime
    channel: tuple[str, bool]


def record(
    settings: Settings, scope: Scope, store: S3Store, signer: DocumentSigner, who: Person, period: str, said: Use | Accepted
) -> Stored:
    """Store what somebody used or accepted; an acceptance that stands is found.

    Args:
        settings: The installation's.
        scope: The scope.
        store: The evidence bucket, as the responder.
        signer: A key of scope response.
        who: Who acts, and when.
        period: Id of the observation period that it is about.
        said: What is recorded.

    Raises:
        ConfigurationError: The period is not in the scope, or closed with none open that holds today; or the store refuses.
        StoreUnavailable: The store did not answer: nobody can say whether it stands.
    """
    about = next((each for each in scope.observation_periods if each.id == period), None)
    if about is None:
        msg = f"observation period {period!r}: not in include/criteria/scope.yaml."
        raise ConfigurationError(msg)
    label = open_period(scope, about, lambda each: is_closed(store, each), who.at)
    response = Response(
        observation_period=label.id, control=PROGRAM, campaign=CAMPAIGN, assignment=assignment_of(said), person=who.person,
        answer=said.model_dump(mode="json"), at=who.at, channel=who.channel,
    )  # fmt: skip
    written = write_response(response, store, signer, retention_for(settings, scope, label.id, who.at), look=False)
    if not written and isinstance(said, Use):
        msg = f"{response.key}: expected that nothing stands there, and something does: the use is not recorded."
        raise StoreUnavailable(msg)
    return Stored(response.id, response.key)


def is_closed(store: S3Store, period: str) -> bool:
    """Whether a record in the bucket closes a period."""
    found = firsts(store, Place(period, PROGRAM, CLOSE_WINDOW).manifests_of(PROGRAM), (Class.RECORD,))
    return any(isinstance(each, Record) and each.kind is RecordKind.CLOSED for each in read_all(store, found.values()).values())


def has_accepted(store: S3Store, keys: KeyList, periods: Iterable[str], grant: str, person: str, sha256: str) -> bool:
    """Whether a person's acceptance of a text stands in the bucket, signed by a key that may sign responses.

    Args:
        store: The evidence bucket.
        keys: Its key list, checked.
        periods: Every period that it may stand under.
        grant: The grant's id.
        person: Who.
        sha256: Of the text.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    for period in periods:
        prefix = Place(period, PROGRAM, "").responses_of(CAMPAIGN, acceptances_of(grant))
        for version in firsts(store, prefix, (Class.RESPONSE,)).values():
            found = _read_version(store, version, keys)
            said = found.said if found.problem is None and found.person == person else None
            if isinstance(said, Accepted) and (said.grant, said.nda_sha256) == (grant, sha256):
                return True
    return False


def _read_version(store: S3Store, version: ObjectVersion, keys: KeyList) -> Recorded:
    received = Received(version.last_modified)
    return _read(version.key, lambda: store.read(version.key, version.version_id), store.bucket, keys, received)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One response of the campaign, as it stands.

    Attributes:
        key: Where.
        said: What it says; ``None`` where it can not be read.
        person: Who.
        at: When they acted, as the entity asserts.
        checked: Whether its signature, place and time of receipt hold under the root; ``False`` where no root was given.
        problem: What is wrong with it.
    """

    key: str
    said: Use | Accepted | None = None
    person: str = ""
    at: datetime | None = None
    checked: bool = False
    problem: str | None = None


def read_accesses(evidence: Evidence, keys: KeyList | None) -> Iterator[Recorded]:
    """Yield every use and acceptance, by period and key, with what is wrong with it; none is left out.

    Args:
        evidence: The evidence bucket, or a copy: in that, when the store received a response is not looked at.
        keys: Its key list, checked; without one, no signature is checked, and each says so.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    listed = sorted(key for key in evidence.keys(RESPONSES) if class_of(key) is Class.RESPONSE)
    ours = [key for key in listed if key.split("/")[3] == CAMPAIGN]

    def one(key: str) -> Recorded:
        version = evidence.first_version(key)
        received = Received(version.last_modified) if version else None
        return _read(key, lambda: evidence.read(key, version.version_id if version else None), evidence.bucket, keys, received)

    with ThreadPoolExecutor(_WORKERS) as pool:
        for start in range(0, len(ours), _AT_ONCE):  # what they say does not wait in memory for who prints it
            yield from pool.map(one, ours[start : start + _AT_ONCE])


def _read(
    key: str, fetch: Callable[[], bytes | None], bucket: str | None, keys: KeyList | None, received: Received | None
) -> Recorded:
    try:
        data = fetch() or b""
        response = read_response(data, key) if keys is None else check_response(data, key, keys, bucket, received)[0]
        return Recorded(key, said_in(response, key), response.person, response.at, keys is not None)
    except VerificationError as error:
        found = finding_of(error)
        return Recorded(key, problem=f"{found.outcome}: {found.reason}")
