# SPDX-License-Identifier: Apache-2.0
"""Sends personal links by mail to the people of a campaign who can not be told anything in the messenger.

1. A token is made, and a notice with its hash recorded, before anything is sent. The token is in this process and in the mail,
   and nowhere else.
2. The notice is claimed in the staging bucket, and sent by whoever gets the claim: of two looks at once, or where one is killed,
   nobody is mailed the same twice. What was recorded by a look that was killed before it began to send is made up for.
3. A few are recorded at once, and none while the server does not answer. What one mailbox says stops nobody else.
4. Whoever has no address that is known any more is passed over. Where a mailbox refuses, or nobody knows whether a mail was sent,
   nothing goes out again before the next reminder is due.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Protocol
from zoneinfo import ZoneInfo

from tieout.campaigns.events import Notice, NoticeKind
from tieout.campaigns.links import LinkDue, links_due
from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.flows.campaign_look import Look

log = logging.getLogger(__name__)

MOST_AT_ONCE = 1_000
"""Mails of one look; the next one goes on."""
AT_ONCE = 20
"""Links that are recorded at once, while the server is there. Each uses up one of the person's links, sent or not: with all of a
look recorded at once, an outage of three hours would leave most people without any."""


class Mailer(Protocol):
    """Sends mails."""

    def check(self) -> None:
        """Find out whether the server would take mails now; raises as `send`."""

    def send(self, address: str, subject: str, text: str) -> bool:
        """Send a mail to one address; returns whether the server took it: else it will not, and others are not touched.

        Raises:
            ConfigurationError: The server refuses us.
            SourceUnavailable: It did not answer; the mail may have been sent.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """How links are sent.

    Attributes:
        mailer: Sends mails.
        url: Where the page of links is: ``https://airflow.example.com/tieout/link``.
        address: Returns the e-mail address of a person; ``None`` where nobody knows it any more.
        title: What a campaign is called.
        company: The system that the program is about.
        zone: Of the program; times in mails are local to it.
    """

    mailer: Mailer
    url: str
    address: Callable[[str], str | None]
    title: str
    company: str
    zone: ZoneInfo


def token_sha256(token: str) -> str:
    """Return the hash that a link is known by."""
    return hashlib.sha256(token.encode()).hexdigest()


def send_links(look: Look, links: Links, without: set[str]) -> int:
    """Send what is due; returns how many mails a server took.

    Args:
        look: The look.
        links: How they are sent.
        without: Who can not be told anything in the messenger.

    Raises:
        StoreUnavailable: The store did not answer.
    """
    now, marks = look.now(), look.outbox.marks()
    due = links_due(look.definition, look.state, now, without, marks.keys())
    known = [(each, address) for each in islice(due, MOST_AT_ONCE) if (address := links.address(each.person)) is not None]
    sent = 0
    try:
        for first in range(0, len(known), AT_ONCE):
            links.mailer.check()
            for _ in _sent(look, links, known[first : first + AT_ONCE], now):
                sent += 1
    except (SourceUnavailable, ConfigurationError) as error:
        log.warning("Personal links: mail failed, the next look goes on: %s", error)
    return sent


def _sent(look: Look, links: Links, some: Sequence[tuple[LinkDue, str]], now: datetime) -> Iterator[str]:
    """Record some links, send them, and yield those that the server took; raises as `Mailer.send`."""
    tokens = {each.id: secrets.token_urlsafe(32) for each, _ in some}
    look.writer.notice(tuple(_notice(each, tokens[each.id]) for each, _ in some), look.by, now)
    look.ledger.refresh()
    for each, address in some:
        recorded = look.state.noticed[each.id].notice
        if recorded.token_sha256 != token_sha256(tokens[each.id]) or not look.outbox.claim(each.id):
            continue  # another look has recorded it in this moment, with a token of its own, or sends it
        if links.mailer.send(address, f"{links.title}: please read and acknowledge", _text(links, each, tokens[each.id])):
            look.outbox.sent(each.id, {"mail": True})
            yield each.id
        else:
            log.warning("Personal links: a mailbox refused a mail; nobody of that address is told")


def _notice(due: LinkDue, token: str) -> Notice:
    return Notice(
        due.id, NoticeKind.LINK, due.person, number=due.number, open=due.open, token_sha256=token_sha256(token),
        expires_at=due.expires_at,
    )  # fmt: skip


def _text(links: Links, due: LinkDue, token: str) -> str:
    until = _local(due.expires_at, links.zone)
    return (
        f"You are asked to read and acknowledge policies of {links.company}.\n\n"
        f"{links.url}#{token}\n\n"
        f"This link is yours alone: do not pass it on. Who has it can answer for you. It is good until {until}, and for one "
        "answer.\nOpening it stores nothing. If the page asks for a code, it is what stands behind the # of the link.\n"
    )


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M} {zone.key}"
