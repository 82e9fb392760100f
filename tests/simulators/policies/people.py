# SPDX-License-Identifier: Apache-2.0
"""The people of Shop who are asked to acknowledge policies: each opens the message, reads, answers, as their part says.

Whoever has no account in Slack gets a personal link by mail, and opens it. A few threads act for all of them. Whoever leads
somebody does so once they are done with the review of access, as they have one screen. Who is late waits until what the message
says is past.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from email.message import EmailMessage
from functools import partial
from typing import Any

from tests.simulators.mailbox import Mailbox
from tests.simulators.policies.by_link import answer_by_link
from tests.simulators.policies.plan import CONTROL, WRONG
from tests.simulators.policies.roster import Member, members, user
from tests.simulators.review.clicking import number_of, open_modal, submit
from tests.simulators.slack import Person, Slack
from tests.simulators.slack.members import dm_of
from tests.simulators.slack.workspace import Posted

THREADS = 6
OPEN, PAGE = "open_review", "tieout_page"
_NEVER = {"silent", "leaves"}
_RIGHT = "I report it"
_LOOK_SECONDS = 0.2
_DUE = re.compile(r"<!date\^(\d+)\^")


@dataclass
class Done:
    """What they did.

    Attributes:
        asked: People who got a message that asks them.
        messages: Messages that ask somebody; as many as people where nobody was asked twice.
        mails: Mails with a personal link.
        answered: Submitted pages that were accepted.
        past_due: Addresses of who meant to be in time and answered when it was past: the machine was too slow to ask them.
        around_due: Addresses of who answered just when it became due; it may count as either.
        failed: Who could not go on, and why; ``None`` for nobody.
    """

    asked: int = 0
    messages: int = 0
    mails: int = 0
    answered: int = 0
    past_due: list[str] = field(default_factory=list)
    around_due: list[str] = field(default_factory=list)
    failed: str | None = None

    def as_document(self) -> dict[str, Any]:
        """Return it as a file states it."""
        return asdict(self)


class Crowd:
    """Everybody who is asked.

    Args:
        slack: The workspace.
        mailbox: What is mailed to them.
        url: Where Slack posts what they do.
        is_free: Whether somebody, by name, has nothing else on their screen.
        told: Called with all that was done, whenever there is something new.
    """

    def __init__(
        self,
        slack: Slack,
        mailbox: Mailbox,
        url: str,
        is_free: Callable[[str], bool] = lambda _: True,
        told: Callable[[Done], None] = lambda _: None,
    ) -> None:
        self.slack, self.mailbox, self.done = slack, mailbox, Done()
        self._url, self._is_free, self._told = url, is_free, told
        self._lock = threading.Lock()
        self._by_channel = {dm_of(user(each)): each for each in members()}
        self._by_address = {each.address: each for each in members()}
        self._waiting: list[tuple[Member, Posted]] = []
        self._asked: set[str] = set()
        self._due: int | None = None

    def start(self) -> None:
        """Let them begin."""
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        seen = mailed = 0
        with ThreadPoolExecutor(THREADS) as pool:
            while True:
                fresh = self.slack.messages[seen:]
                seen += len(fresh)
                for posted in fresh:
                    self._notice(posted)
                mails = self.mailbox.messages[mailed:]
                mailed += len(mails)
                for mail in mails:
                    pool.submit(self._open_link, mail)
                for member, posted in [each for each in self._waiting if self._may_go(each[0])]:
                    self._waiting.remove((member, posted))
                    pool.submit(self._play, member, posted)
                time.sleep(_LOOK_SECONDS)

    def _notice(self, posted: Posted) -> None:
        """Note a message that asks somebody; a reminder asks nobody who was asked before."""
        member = self._by_channel.get(posted.channel)
        if member is None or posted.thread is not None or number_of(posted.blocks, OPEN, CONTROL) is None:
            return
        due = _DUE.search(str(posted.blocks))
        with self._lock:
            self._due = int(due.group(1)) if due else self._due
            self.done.messages += 1
            if member.name in self._asked:
                return
            self._asked.add(member.name)
            self.done.asked = len(self._asked)
            self._told(self.done)
        if member.part not in _NEVER:
            self._waiting.append((member, posted))

    def _open_link(self, mail: EmailMessage) -> None:
        """Open the link of a mail, and acknowledge what it asks."""
        member = self._by_address.get(str(mail["To"]))
        with self._lock:
            self.done.mails += 1
            self._told(self.done)
        if member is None or member.part != "by link":
            return
        try:
            sent = time.time()
            answer_by_link(mail.get_content(), _RIGHT)
            self._answered(member, sent)
        except Exception as error:
            with self._lock:
                self.done.failed = f"{member.name}: {type(error).__name__}: {error}"
                self._told(self.done)

    def _may_go(self, member: Member) -> bool:
        late = member.part == "late" and self._due is not None and time.time() <= self._due + 1
        return self._is_free(member.name) and not late

    def _answered(self, member: Member, sent: float) -> None:
        with self._lock:
            self.done.answered += 1
            if self._due is not None and member.part != "late" and time.time() > self._due:
                (self.done.past_due if sent > self._due else self.done.around_due).append(member.address)
            self._told(self.done)

    def _play(self, member: Member, posted: Posted) -> None:
        try:
            person = Person(self.slack, self._url, user(member))
            number = number_of(posted.blocks, OPEN, CONTROL)
            open_modal(person, partial(person.press_in_message, posted, OPEN, number or 0), PAGE)
            person.fill(partial(_decide, member), WRONG if member.part == "wrong answer" else _RIGHT)
            sent = time.time()
            submit(person)
            self._answered(member, sent)
        except Exception as error:
            with self._lock:
                self.done.failed = f"{member.name}: {type(error).__name__}: {error}"
                self._told(self.done)


def _decide(member: Member, _: str, text: str) -> tuple[str, str | None]:
    later = member.part == "one of two" and "Code of Conduct, version" in text
    return ("later" if later else "acknowledged"), None
