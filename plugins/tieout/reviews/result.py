# SPDX-License-Identifier: Apache-2.0
"""What a review came to, as whoever signs it off is shown it: one document, told by the SHA-256 of its bytes.

1. It holds a hash over the rows of each system as they will land, but for the sign-off: who signs it has signed every row.
2. It says what was refused, what is not proven, and what nobody decided, beside what was.
3. The same review in the same state gives the same bytes. A listing that is too long is cut, and states how many there are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import rfc8785

from tieout.campaigns.items import canonical
from tieout.campaigns.responder import MAX_PRESENTED
from tieout.errors import ConfigurationError
from tieout.reviews.tally import DECISIONS, Tally
from tieout.reviews.words import minute
from tieout.times import parse_instant

VERSION = 1
_MOST = (200, 50, 10, 0)
"""Entries of each listing: the first with which the document fits is taken."""
_SHOWN = 20
"""Entries of each listing in the text."""


def result_document(about: Mapping[str, Any], systems: Mapping[str, tuple[Mapping[str, Any], Tally]]) -> dict[str, Any]:
    """Return the document.

    Args:
        about: What the systems have in common, as JSON values without floats: campaign, times, tickets, what was refused.
        systems: By system: what its rows are told by, and what they come to.

    Raises:
        ConfigurationError: It can not be made to fit.
    """
    for most in _MOST:
        listed = {name: {**said, **tally.as_document(most)} for name, (said, tally) in sorted(systems.items())}
        document = {"version": VERSION, "what": "result of a review of access", **about, "systems": listed}
        if len(canonical(document)) <= MAX_PRESENTED:  # as many bytes as RFC 8785 gives, in a tenth of the time
            return document
    msg = f"review {about.get('campaign')}: what it came to is more than {MAX_PRESENTED} bytes. Review fewer systems at once."
    raise ConfigurationError(msg)


def result_bytes(document: Mapping[str, Any]) -> bytes:
    """Return the bytes that are signed off: RFC 8785."""
    return bytes(rfc8785.dumps(dict(document)))


def result_sha256(document: Mapping[str, Any]) -> str:
    """Return what a sign-off names as what it is about."""
    return hashlib.sha256(result_bytes(document)).hexdigest()


def result_text(document: Mapping[str, Any]) -> str:
    """Return the document as text for the person who signs it off, with ids of people and no names."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"Review of access {document['campaign']}, closed {minute(parse_instant(document['closed']['at']))}."
    yield f"What you sign off is the document with SHA-256 {result_sha256(document)}."
    yield from _refused(document["refused"])
    yield from (f"{count} documents of the campaign could not be read." for count in [document["unread"]] if count)
    yield f"Tickets: {document['tickets']}"
    for name, said in document["systems"].items():
        yield ""
        yield from _system(name, said)


def _refused(refused: Mapping[str, Any]) -> Iterator[str]:
    if refused["count"]:
        told = ", ".join(f"{count} because {why}" for why, count in refused["why"].items())
        yield f"Answers, or parts of them, that do not count: {refused['count']} ({told})."


def _system(name: str, said: Mapping[str, Any]) -> Iterator[str]:
    decided, done = said["decisions"], said["carried_out"]
    yield f"{name}: {said['items']} items: {', '.join(f'{decided[each]} {each}' for each in DECISIONS)}."
    if said["by_rule"]:
        yield f"- Nobody decided {said['by_rule']} of them: the control's rule did."
    if said["late"]:
        yield f"- {said['late']} were decided after they were due."
    if done["asked"]:
        yield (
            f"- Of {done['asked']} revoked or changed, {done['in_time']} are proven carried out in time, {done['not_in_time']} "
            f"are not, and of {done['not_determinable']} nothing can be told."
        )
    yield from _entries("Not proven", said["unproven"])
    yield from _entries("Kept although something stood out", said["kept_though_standing_out"])
    for flag, counts in said["flags"].items():
        if counts["found"] or counts["unknown"]:
            yield f"- {flag}: {counts['found']} found, {counts['keep']} of them kept; {counts['unknown']} not determinable."
    yield f"- Rows as they will land, but for the sign-off: {said['rows_sha256']}."


def _entries(title: str, listing: Mapping[str, Any]) -> Iterator[str]:
    rows: Iterable[Mapping[str, Any]] = listing["rows"][:_SHOWN]
    if listing["count"]:
        yield f"- {title}: {listing['count']}."
    for row in rows:
        yield f"  - {row['account']}, {row['entitlement']}: {row['words'] or row['flags']}"
    if listing["count"] > len(listing["rows"][:_SHOWN]):
        yield f"  - and {listing['count'] - len(listing['rows'][:_SHOWN])} more, in the rows."
