# SPDX-License-Identifier: Apache-2.0
"""What is recorded of auditors' access: each link before it is handed out, and each acceptance of an NDA. Pure.

Each is a signed response (`tieout.evidence.responses`) to campaign ``evidence_access``, of the person who asked. That a link was
given is what such a response says; whether somebody followed it, the bucket's own access record says.
"""

from __future__ import annotations

import secrets
from typing import Any, Literal

from pydantic import Field, ValidationError

from tieout.criteria.auditor_access import Grant, Role
from tieout.documents import Document
from tieout.errors import CannotCheck
from tieout.evidence.links import Link
from tieout.evidence.responses import Response
from tieout.times import instant

CAMPAIGN = "evidence_access"
_ACCEPTANCES = ".nda"
"""Ends the assignment that acceptances stand under; no grant's id has a dot."""


class Use(Document):
    """One link to one version of one object."""

    what: Literal["link"] = "link"
    grant: str
    firm: str
    role: Role
    key: str
    version_id: str
    valid_until: str
    """The instant after which the store refuses the link."""
    access_key_id: str
    """Key id of the identity that the link is signed as: the store's access record shows that, not the person."""
    nda_sha256: str | None
    """The text that stood accepted; ``None`` where the grant names none."""
    once: str = Field(default_factory=lambda: secrets.token_hex(16))
    """Tells one link from every other."""


class Accepted(Document):
    """One acceptance of an NDA's text."""

    what: Literal["nda accepted"] = "nda accepted"
    grant: str
    firm: str
    nda_sha256: str
    """Of the text's bytes, as they were shown."""


def use_of(grant: Grant, key: str, version_id: str, link: Link, nda_sha256: str | None) -> Use:
    """Return what is recorded of a link."""
    return Use(
        grant=grant.id, firm=grant.firm, role=grant.role, key=key, version_id=version_id, valid_until=instant(link.valid_until),
        access_key_id=link.access_key_id, nda_sha256=nda_sha256,
    )  # fmt: skip


def assignment_of(said: Use | Accepted) -> str:
    """Return the assignment that something is recorded under."""
    return said.grant if isinstance(said, Use) else acceptances_of(said.grant)


def acceptances_of(grant: str) -> str:
    """Return the assignment under which the acceptances of a grant's NDA stand."""
    return f"{grant}{_ACCEPTANCES}"


def said_in(response: Response, key: str) -> Use | Accepted:
    """Return what a response of the campaign says.

    Raises:
        CannotCheck: It is not what this release writes.
    """
    answer: dict[str, Any] = response.answer
    model = Use if answer.get("what") == "link" else Accepted
    try:
        said = model.model_validate(answer)
    except ValidationError as error:
        msg = f"{key}: expected a use or an acceptance as this release writes them: {error.error_count()} fields differ."
        raise CannotCheck(msg) from None
    if response.campaign != CAMPAIGN or response.assignment != assignment_of(said):
        msg = f"{key}: it stands under {response.campaign}/{response.assignment}, and is about grant {said.grant}."
        raise CannotCheck(msg)
    return said
