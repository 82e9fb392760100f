# SPDX-License-Identifier: Apache-2.0
"""What is put before whoever signs a review off: the same bytes for the same review, bounded, and nothing left unsaid."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from tests.unit.reviews.answered import CLEO, IVO, small
from tests.unit.reviews.test_rows import MAX, decided
from tests.unit.reviews.world import mail

from tieout.campaigns.items import canonical
from tieout.campaigns.responder import MAX_PRESENTED
from tieout.errors import ConfigurationError
from tieout.reviews.items import FLAGS, asked_flags
from tieout.reviews.result import result_bytes, result_document, result_sha256, result_text
from tieout.reviews.tally import MOST, Tally

ABOUT: dict[str, Any] = {
    "campaign": "c", "closed": {"at": "2026-04-10T09:00:00.000000Z"}, "unread": 0, "tickets": "2 tickets are recorded.",
    "refused": {"count": 1, "why": {"the item is about the person": 1}, "listed": []},
}  # fmt: skip


def tally(rows: list[dict[str, Any]]) -> Tally:
    """Count rows."""
    found = Tally(asked_flags({}))
    for row in rows:
        found.add(row)
    return found


def test_the_rows_of_a_system_are_counted_by_what_they_say(tmp_path: Path) -> None:
    review = decided(tmp_path)
    document = tally(list(review.rows().values())).as_document(10)
    assert document["decisions"] == {"keep": 1, "revoke": 2, "change": 0}
    assert document["carried_out"] == {
        "asked": 2, "tickets": 0, "proof": {"removed": 2}, "in_time": 2, "not_in_time": 0, "not_determinable": 0,
    }  # fmt: skip
    assert document["flags"]["orphaned"] == {"found": 1, "keep": 0, "revoke": 1, "change": 0, "unknown": 0}
    assert document["flags"]["service_without_owner"]["unknown"] == 0
    assert document["flags"].keys() == set(FLAGS[:-1])  # its control names no combinations
    assert document["quality"]["decisions"] == 3
    assert [each["person"] for each in document["reviewers"]] == [IVO, MAX]
    assert (document["revoked_before"], document["since_last"], document["how"]) == ({"not told": 3}, {"not told": 3}, {"own": 3})
    assert rfc8785.dumps(document)


def test_both_people_are_counted_where_two_decide(tmp_path: Path) -> None:
    review = small(tmp_path, second_reviewer="control_owner")
    review.decide(IVO, ["a1", "a3"])
    review.decide(MAX, ["a2"])
    review.decide(CLEO, ["a1", "a2", "a3"], slot=2)
    review.close()
    document = tally(list(review.rows().values())).as_document(10)
    assert document["second"] == {"asked": 3, "decided": 3}
    assert {each["person"]: each["decisions"] for each in document["reviewers"]} == {CLEO: 3, IVO: 2, MAX: 1}


def test_the_same_review_gives_the_same_bytes_and_another_one_others(tmp_path: Path) -> None:
    rows = list(decided(tmp_path).rows().values())
    documents = [result_document(ABOUT, {"idp": ({"rows_sha256": digest * 64}, tally(rows))}) for digest in "aab"]
    assert len({result_sha256(each) for each in documents}) == 2
    assert result_sha256(documents[0]) == hashlib.sha256(result_bytes(documents[1])).hexdigest()


def test_a_listing_that_is_too_long_is_cut_and_says_how_many_there_are(tmp_path: Path) -> None:
    row = {**decided(tmp_path).rows()["a1"], "carried_out_in_time": False, "proof": "still there", "entitlement": "🙂" * 5_000}
    found = tally([row] * (MOST + 500))
    systems = {f"s{number}": ({"rows_sha256": "a" * 64}, found) for number in range(40)}
    document = result_document(ABOUT, systems)
    assert len(result_bytes(document)) == len(canonical(document)) <= MAX_PRESENTED
    listed = document["systems"]["s1"]["unproven"]
    assert (listed["count"], len(listed["rows"])) == (MOST + 500, 10)
    assert len(found.unproven.rows) == MOST
    with pytest.raises(ConfigurationError, match="Review fewer systems at once"):
        result_document({**ABOUT, "tickets": "x" * MAX_PRESENTED}, systems)


def test_the_text_says_what_was_refused_what_is_not_proven_and_what_nobody_decided(tmp_path: Path) -> None:
    rows = list(decided(tmp_path).rows().values())
    rows[0] |= {"carried_out_in_time": False, "proof": "still there", "decided_by": "rule", "decided_in_time": False}
    document = result_document(ABOUT, {"idp": ({"rows_sha256": "a" * 64}, tally(rows))})
    text = result_text(document)
    for said in (
        result_sha256(document), "closed 2026-04-10 09:00 UTC", "do not count: 1 (1 because the item is about the person)",
        "2 tickets are recorded.", "idp: 3 items: 1 keep, 2 revoke, 0 change.", "Nobody decided 1 of them",
        "1 were decided after", "Not proven: 1.", "still stands as it was frozen",
        "orphaned: 1 found, 0 of them kept", "a" * 64,
    ):  # fmt: skip
        assert said in text
    assert mail("ivo") not in text


@pytest.mark.parametrize("word", ["exception", "finding", "deficien", "passed", "sample", "attest", "opinion", "conclu"])
def test_it_uses_no_word_of_the_auditor_s(tmp_path: Path, word: str) -> None:
    document = result_document(ABOUT, {"idp": ({"rows_sha256": "a" * 64}, tally(list(decided(tmp_path).rows().values())))})
    assert word not in result_text(document).lower()
    assert word not in result_bytes(document).decode().lower().replace("passed over", "")
