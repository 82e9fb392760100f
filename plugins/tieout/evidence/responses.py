# SPDX-License-Identifier: Apache-2.0
"""Responses: what a person answered to one assignment, signed with a key of scope response, stored once, never changed.

A campaign is what was asked about as a whole (an access review, the deviations of a program), an assignment one thing of it. What
somebody answers later is a further response: whoever reads them folds them in order, and history stays.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import rfc8785

from tieout.errors import CannotCheck, Tampered
from tieout.evidence import signed
from tieout.evidence.dsse import stated_instant
from tieout.evidence.key_list import KeyList
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.layout import Place
from tieout.evidence.records import put_once, retention_of
from tieout.evidence.store import Retention, S3Store
from tieout.times import instant

COMMAND_LINE = ("command line", False)
"""Channel of what was answered on the command line: nobody but the AWS credentials vouches for who typed it."""
MEASURED = "measured"
"""Name in an answer of what was measured about it."""
FILES = "files"
"""Name in an answer of the files that it rests on: a list of objects, each with ``sha256`` and ``version_id``. They are locked
beside the response (`tieout.evidence.layout.Place.file`) before it is."""


_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A file that an answer rests on, as it was locked: the SHA-256 of its bytes, and its version in the bucket."""

    sha256: str
    version_id: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that a response rests on, as it was locked."""

    key: str
    version_id: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Response:
    """What a response says.

    Attributes:
        observation_period: Label it is stored under.
        control: The control that it is stored under.
        campaign: What was asked about as a whole.
        assignment: The one thing that was answered.
        person: Who answered: a role or a person id.
        answer: As JSON values, without floats. What stands under ``measured`` in it (how long it took) is no part of what was
            said: delivered twice, it may have been measured twice, and is one answer.
        at: When the person acted; asserted by the entity.
        channel: Through what, and whether a signature of it was checked.
        population: Landing and manifest hash of the frozen population that was asked about, where there is one.
        presented_sha256: Hash of what the person was shown, where that is kept.
        stored_at: When it was signed and stored; ``None`` where that is `at`.
    """

    observation_period: str
    control: str
    campaign: str
    assignment: str
    person: str
    answer: dict[str, Any]
    at: datetime
    channel: tuple[str, bool] = COMMAND_LINE
    population: tuple[str, str] | None = None
    presented_sha256: str | None = None
    stored_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.stored_at == self.at:
            object.__setattr__(self, "stored_at", None)

    @property
    def signed_at(self) -> datetime:
        """When it was signed and stored."""
        return self.stored_at or self.at

    @cached_property
    def id(self) -> str:
        """The response's id: the same answer of the same person gives the same id, so that it is stored once."""
        said = {name: value for name, value in self.answer.items() if name != MEASURED}
        identity = [self.campaign, self.assignment, self.person, said]
        return hashlib.sha256(rfc8785.dumps(identity)).hexdigest()[:32]

    @property
    def key(self) -> str:
        """Where it stands."""
        return Place(self.observation_period, self.control, "").response(self.campaign, self.assignment, self.id)

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """The files that it rests on, in order.

        Raises:
            CannotCheck: What stands there in its answer is not what this release writes.
        """
        place, listed = Place(self.observation_period, self.control, ""), self.answer.get(FILES, [])
        found = []
        for each in listed if isinstance(listed, list) else [None]:
            said = (each.get("sha256"), each.get("version_id")) if isinstance(each, dict) else (None, None)
            sha256, version_id = (str(value) if isinstance(value, str) else "" for value in said)
            if not _SHA256.fullmatch(sha256) or not version_id:
                msg = f"{self.key}: expected the SHA-256 and the version of each file: malformed, or of a later release."
                raise CannotCheck(msg)
            found.append(StoredFile(place.file(self.campaign, self.assignment, sha256), version_id, sha256))
        return tuple(found)


def build_response(response: Response, bucket: str, retention: Retention, signer: DocumentSigner) -> bytes:
    """Return a signed response.

    Raises:
        CannotCheck: What was to be signed breaks our own schema.
    """
    asserted = "asserted by the entity"
    population = response.population
    payload = {
        "version": 1,
        "bucket": bucket,
        "key": response.key,
        "response": response.id,
        "observation_period": response.observation_period,
        "control": response.control,
        "campaign": response.campaign,
        "assignment": response.assignment,
        "population": population and {"landing": population[0], "manifest_sha256": population[1]},
        "person": response.person,
        "answer": response.answer,
        "presented_sha256": response.presented_sha256,
        "channel": {"kind": response.channel[0], "signature_checked": response.channel[1]},
        "acted_at": {"at": instant(response.at), "attested_by": asserted},
        "stored_at": {"at": instant(response.signed_at), "attested_by": asserted},
        "retention": {"mode": retention.mode, "retain_until": instant(retention.until)},
    }
    return signed.sign(signed.RESPONSE, payload, response.key, signer)


def write_response(
    response: Response, store: S3Store, signer: DocumentSigner, retention: Retention, *, look: bool = True
) -> bool:
    """Store a response, unless the same one is stored already.

    Args:
        response: What it says.
        store: The evidence bucket.
        signer: A key of scope response.
        retention: Its lock.
        look: As `tieout.evidence.records.put_once`.

    Returns:
        Whether it was written now.

    Raises:
        StoreUnavailable: The store did not answer; run it again.
    """
    return put_once(store, response.key, lambda: build_response(response, store.bucket, retention, signer), retention, look=look)


def read_response(data: bytes, key: str) -> Response:
    """Read a response without checking its signature: for looking up what stands, never for relying on it.

    Raises:
        Missing: It carries no signature.
        CannotCheck: It is malformed.
    """
    return _response(signed.read(signed.RESPONSE, data, key), key)


def check_response(
    data: bytes, key: str, key_list: KeyList, bucket: str | None, received: signed.Received | None = None
) -> tuple[Response, Retention, datetime]:
    """Read a response and check it.

    1. Envelope, schema, key and signature are in order (`signed.check`).
    2. It stands in the bucket, under the key, and in the campaign and assignment that it was signed for.
    3. The store received it when it says it was signed (`signed.check_received`).

    Returns:
        The response, the lock that it says it has, and when it says it was signed.

    Raises:
        Missing: It carries no signature.
        CannotCheck: It is malformed.
        Tampered: Any other step fails.
    """
    checked = signed.check(signed.RESPONSE, data, key, key_list)  # (1)
    payload = checked.payload
    signed.check_place(payload, key, bucket)  # (2)
    place = Place(payload["observation_period"], payload["control"], "")
    if place.response(payload["campaign"], payload["assignment"], payload["response"]) != key:
        msg = f"{key}: period, control, campaign, assignment and response inside it are those of another place."
        raise Tampered(msg)
    signed.check_received(signed.RESPONSE, checked, key, key_list, received)  # (3)
    return _response(payload, key), retention_of(payload["retention"], key), checked.signed_at


def _response(payload: dict[str, Any], key: str) -> Response:
    population, channel = payload["population"], payload["channel"]
    return Response(
        observation_period=payload["observation_period"],
        control=payload["control"],
        campaign=payload["campaign"],
        assignment=payload["assignment"],
        person=payload["person"],
        answer=payload["answer"],
        at=stated_instant(payload["acted_at"]["at"], key),
        channel=(channel["kind"], channel["signature_checked"]),
        population=population and (population["landing"], population["manifest_sha256"]),
        presented_sha256=payload["presented_sha256"],
        stored_at=stated_instant(payload["stored_at"]["at"], key),
    )
