# SPDX-License-Identifier: Apache-2.0
"""A review that everybody has answered and that is closed, and documents of what it came to: what tests of sign-offs share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.unit.flows.campaign_bench import (
    OWNERS,
    Bench,
    frozen_company,
    make_bench,
    make_signers,
    now,
    retention,
    store_client,
)
from tests.unit.reviews.world import World, mail, role

from tieout.campaigns.events import SignedOff
from tieout.campaigns.responder import Responder
from tieout.campaigns.statements import SYSTEM
from tieout.desks.cases import Cases
from tieout.evidence.keys import Scope
from tieout.evidence.records import Record, RecordKind, write_record
from tieout.reviews.result import result_sha256

DECIDERS = ("ivo", "eva", "max")


def company_of_two_signers() -> World:
    """Return the company in which Rob signs off, and Ivo too, who is asked in every review."""
    made = frozen_company()
    made.roles.append(role("control", "sign_off", "ivo", "CTO", 2))
    return made


def close(bench: Bench) -> None:
    """Have everybody answer, and the campaign close."""
    bench.open()
    for person in DECIDERS:
        bench.decide(person)
    bench.poke()
    assert bench.ledger().state.closed is not None


def document(bench: Bench, number: int, **changed: Any) -> dict[str, Any]:
    """Return what the review came to; another document for each number."""
    system = {
        "items": 3,
        "decisions": {"keep": 2, "revoke": 1, "change": 0},
        "by_rule": 0,
        "late": 0,
        "carried_out": {"asked": 1, "in_time": 0, "not_in_time": 1, "not_determinable": 0},
        "unproven": {
            "count": 1,
            "rows": [{"account": "*a1*", "entitlement": "app:1 Mail", "words": "It still stands.", "flags": ""}],
        },
        "kept_though_standing_out": {"count": 0, "rows": []},
        "flags": {},
        "rows_sha256": f"{number:064x}",
    }
    return {
        "version": 1,
        "what": "result of a review of access",
        "campaign": bench.planned.campaign,
        "closed": {"at": "2026-04-20T10:00:00.000000Z"},
        "refused": {"count": 0, "why": {}, "listed": []},
        "unread": 0,
        "tickets": "1 tickets are recorded.",
        "systems": {"idp": system},
        **changed,
    }


def record(bench: Bench, number: int, **changed: Any) -> str:
    """Record what the review came to, as its task does, and return the document's hash."""
    said = document(bench, number, **changed)
    sha256, campaign = result_sha256(said), bench.planned.campaign
    facts = {
        "once": f"{campaign} result {sha256}",
        "campaign": campaign,
        "version": 1,
        "document_sha256": sha256,
        "document": said,
    }
    made = Record(
        place=bench.planned.place, kind=RecordKind.RESULT, system=SYSTEM, reason="Result.", by="test", at=now(), facts=facts
    )
    write_record(made, bench.store, bench.signers[Scope.LANDING], retention())
    return sha256


def sign(bench: Bench, person: str, sha256: str, *, approved: bool = True, reason: str = "", channel: str = "test") -> str:
    """Store what somebody says of a document, whether it counts or not, as another process does; return the response's id."""
    responder: Responder = bench.__dict__.setdefault("responder of sign-offs", None) or bench.responder()
    bench.__dict__["responder of sign-offs"] = responder  # reading the campaign takes a while
    said = SignedOff(
        at=now(), by=mail(person), definition_sha256=responder.definition.sha256,
        interaction=f"{person} {sha256} {approved} {now()}", channel=(channel, False), approved=approved, reason=reason,
        about_sha256=sha256,
    )  # fmt: skip
    return responder.respond(said).event.id


@contextmanager
def closed_bench(folder: Path, repository: Path) -> Iterator[Bench]:
    """Return a review in a bucket of its own that is closed: Rob may sign it off; Ivo might, and was asked in it."""
    owners = [*OWNERS, ("CTO", "rob"), ("CTO", "ivo")]
    with store_client() as client:
        bench = make_bench(client, make_signers(folder), folder, repository, "closed", {"sign_off": "CTO"}, owners)
        bench.freeze(company_of_two_signers())
        close(bench)
        yield bench


def cases_over(bench: Bench, seconds: Callable[[], float] = time.monotonic) -> Cases:
    """Return the campaigns of an api-server that has just started."""
    return Cases(bench.settings, bench.store, bench.signers[Scope.RESPONSE], now, seconds)
