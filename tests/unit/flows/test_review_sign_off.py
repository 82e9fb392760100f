# SPDX-License-Identifier: Apache-2.0
"""What was put before whoever signs off is read from its record alone, and only a sign-off of that document counts for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.unit.flows.campaign_bench import Bench, now
from tests.unit.flows.signing_bench import close, record, sign
from tests.unit.reviews.world import mail

from tieout.errors import CannotCheck, ExtractionRefused, Tampered
from tieout.evidence.keys import Scope
from tieout.evidence.records import RecordKind, read_record, write_record
from tieout.flows.review_answered import Answered, read_answered
from tieout.flows.review_sign_off import read_result, sign_off_of
from tieout.flows.upkeep import retention_for


@pytest.fixture
def closed(make: Callable[..., Bench]) -> Bench:
    """Return a review that everybody has answered."""
    bench = make()
    close(bench)
    return bench


def answered(bench: Bench) -> Answered:
    """Read the review."""
    return read_answered(bench.planned, bench.campaigns)


def test_a_document_is_read_from_the_record_that_its_hash_names_and_from_no_forged_one(closed: Bench) -> None:
    first, second = record(closed, 1), record(closed, 2)
    review = answered(closed)
    for number, sha256 in enumerate((first, second), start=1):
        found = read_result(review, sha256)
        assert (found.document["systems"]["idp"]["rows_sha256"], found.document_sha256) == (f"{number:064x}", sha256)
    with pytest.raises(ExtractionRefused, match="no result of SHA-256 0000"):
        read_result(review, "0" * 64)
    key, planned = read_result(review, first).record.key, closed.planned
    said = read_record(closed.store.read(key, None) or b"", key)
    assert (said.kind, said.place) == (RecordKind.RESULT, planned.place)
    retention = retention_for(planned.settings, planned.scope, planned.period.id, now())
    for scope, claimed, error in ((Scope.RESPONSE, "a" * 64, Tampered), (Scope.LANDING, "b" * 64, CannotCheck)):
        facts = {**said.facts, "once": f"{planned.campaign} result {claimed}", "document_sha256": claimed}
        write_record(replace(said, facts=facts), closed.store, closed.signers[scope], retention)
        with pytest.raises(error):
            read_result(review, claimed)


def test_only_the_last_sign_off_of_a_document_holds_for_it(closed: Bench) -> None:
    one, other = record(closed, 1), record(closed, 2)
    assert sign_off_of(answered(closed), one) is None
    returned = sign(closed, "rob", one, approved=False)
    with pytest.raises(ExtractionRefused, match=f"returned it in response {returned}"):
        sign_off_of(answered(closed), one)
    sign(closed, "ivo", one)  # who has decided
    approved = sign(closed, "rob", one)
    found = sign_off_of(answered(closed), one)
    assert found is not None
    assert (found.person, found.response, found.about_sha256, found.reviewed) == (mail("rob"), approved, one, False)
    assert sign_off_of(answered(closed), other) is None
