# SPDX-License-Identifier: Apache-2.0
"""Personal links are mailed once each, by a real mail server; what a killed look leaves opens nothing, and is made up for."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.campaigns.conftest import client, signers, staging, store  # noqa: F401 - fixtures
from tests.unit.web.link_scene import WITHOUT, World, running

from tieout.campaigns.events import NoticeKind
from tieout.campaigns.links import MOST
from tieout.campaigns.outbox import Outbox
from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.flows import campaign_links
from tieout.flows.campaign_links import send_links, token_sha256
from tieout.flows.mailer import SmtpMailer


@pytest.fixture
def world(store: Any, staging: Any, signers: Any) -> Iterator[World]:  # noqa: F811
    with running(store, staging, signers) as made:
        yield made


def recorded(world: World) -> list[str]:
    """Return the hashes of the links that are recorded, in order."""
    noticed = world.ledger().state.noticed.values()
    return [each.notice.token_sha256 for each in noticed if each.notice.kind is NoticeKind.LINK]


def test_a_mail_has_the_link_until_when_it_is_good_and_nobody_elses_name(world: World) -> None:
    assert world.send() == 2
    [mail] = [each for each in world.mailbox.messages if each["To"] == "a@shop.example"]
    assert (mail["From"], mail["Subject"]) == ("tieout@shop.example", "Policies 2026-Q2: please read and acknowledge")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    [token] = world.tokens("a")
    text = mail.get_content()
    assert f"https://airflow.shop.example/tieout/link/#{token}" in text
    assert "Europe/Berlin" in text
    assert "b@shop.example" not in mail.as_string()
    assert sorted(recorded(world)) == sorted(token_sha256(world.tokens(each)[0]) for each in "ab")
    assert world.send() == 0


def test_of_looks_at_once_each_person_is_mailed_once_and_that_link_opens(world: World) -> None:
    def look(_: int) -> int:
        return send_links(world.look(), world.links(), set(WITHOUT))

    with ThreadPoolExecutor(6) as pool:
        sent = list(pool.map(look, range(6)))
    assert sum(sent) <= 2
    world.send()
    for person in "ab":
        [token] = world.tokens(person)
        held = world.desk.find(token)
        assert held is not None
        assert held.who.person == person


def test_a_look_that_is_killed_after_it_recorded_leaves_a_link_that_nobody_has_and_another_one_goes_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(Exception):
        pass

    def die(*_: object) -> bool:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Outbox, "claim", die)
        with pytest.raises(Killed):
            world.send()
    assert (len(recorded(world)), world.mailbox.messages) == (2, [])
    assert world.send() == 2
    assert len(recorded(world)) == 4
    for person in "ab":
        [token] = world.tokens(person)
        assert world.desk.find(token) is not None


def test_a_look_that_is_killed_while_it_sends_repeats_nothing(world: World) -> None:
    class Killed(Exception):
        pass

    class Dying:
        def check(self) -> None:
            pass

        def send(self, address: str, subject: str, text: str) -> bool:  # noqa: ARG002
            raise Killed

    with pytest.raises(Killed):
        world.send(mailer=Dying())
    assert world.send() == 1  # the other one: whether the first was sent nobody knows
    assert len({each["To"] for each in world.mailbox.messages}) == 1
    world.clock.ahead = timedelta(minutes=11)  # a is reminded, and b as well
    assert world.send() == 2
    assert {each["To"] for each in world.mailbox.messages} == {"a@shop.example", "b@shop.example"}


def test_an_outage_of_the_server_uses_up_nobodys_links(world: World) -> None:
    world.mailbox.answers["CONNECT"] = "421 later"
    assert [world.send() for _ in range(MOST + 2)] == [0] * (MOST + 2)
    assert recorded(world) == []
    del world.mailbox.answers["CONNECT"]
    assert world.send() == 2


@pytest.mark.parametrize("answer", ["451 later", "550 no such mailbox"])
def test_what_one_mailbox_says_stops_nobody_else(world: World, answer: str) -> None:
    world.mailbox.answers["RCPT"] = answer
    assert world.send() == 0
    assert len(recorded(world)) == 2, "both were tried"


@pytest.mark.parametrize(
    "address", ["a@shop.example, b@elsewhere.example", "A <a@shop.example>", "a@shop.example\n", "", "m\u00fc@shop.example"]
)
def test_a_link_goes_to_one_address_that_is_one_and_the_others_get_theirs(world: World, address: str) -> None:
    world.addresses["a"] = address
    assert world.send() == 1
    assert [each["To"] for each in world.mailbox.messages] == ["b@shop.example"]


def test_whoever_has_no_known_address_is_passed_over_and_a_refusing_mailbox_stops_nobody(world: World) -> None:
    del world.addresses["a"]
    assert world.send() == 1
    assert len(recorded(world)) == 1
    world.addresses["a"] = "a@shop.example"
    world.mailbox.answers["RCPT"] = "550 no such mailbox"
    assert world.send() == 0
    del world.mailbox.answers["RCPT"]
    assert world.send() == 0  # not before the next reminder
    world.clock.ahead = timedelta(minutes=11)
    assert world.send() == 2


def test_a_mail_server_that_is_down_stops_the_look_and_not_the_campaign(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.mailbox.answers["CONNECT"] = "421 later"
    assert world.send() == 0
    said = [each.getMessage() for each in caplog.records if each.name == campaign_links.__name__]
    assert len(said) == 1
    assert "shop.example" not in said[0]


def test_a_mailer_encrypts_but_to_this_machine_and_says_what_is_wrong_without_an_address(world: World) -> None:
    with pytest.raises(ConfigurationError, match=r"expected TLS to mail\.shop\.example"):
        SmtpMailer(host="mail.shop.example", port=25, sender="t@shop.example", implicit_tls=False, plain=True)
    plain = SmtpMailer(host="127.0.0.1", port=world.mailbox.port, sender="t@shop.example", implicit_tls=False, plain=True)
    assert plain.send("x@shop.example\r\nBcc: y@shop.example", "s", "t") is False
    world.mailbox.answers["RCPT"] = "421 later"
    with pytest.raises(SourceUnavailable) as told:
        plain.send("x@shop.example", "s", "t")
    assert "x@" not in str(told.value)
    encrypted = SmtpMailer(host="127.0.0.1", port=world.mailbox.port, sender="t@shop.example", implicit_tls=False)
    with pytest.raises(SourceUnavailable):  # it knows no STARTTLS, and nothing goes out in the clear
        encrypted.send("x@shop.example", "s", "t")
    assert not [each for each in world.mailbox.commands if each.startswith("MAIL") and "x@" in each]
