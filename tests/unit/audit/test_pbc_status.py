# SPDX-License-Identifier: Apache-2.0
"""What of a request the evidence answers: landings with their lineage, gaps with the reason, what is awaited, suggestions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.criteria.axes import MONTHS, landing, make_control, note, standing

from tieout.audit.pbc_status import PbcStanding, PbcState, stand_requests
from tieout.criteria.pbc import PbcField, PbcMatch, PbcRequest
from tieout.criteria.standing import Standing
from tieout.flows.pbc_standing import exported

CONTROL = "cc6_2_access_review"
LINEAGE = {"rows": 7, "rows_sha256": "a" * 64, "manifest_sha256": "b" * 64}
EVERY_MONTH = [landing(key, **LINEAGE) for key in MONTHS]


def stand(found: Standing | None, *matches: dict[str, Any], **request: Any) -> PbcStanding:
    """Return where a request with some matches stands; each of the one control, confirmed by the CTO unless told otherwise."""
    said = [PbcMatch(**{"control": CONTROL, "by": "CTO", **each}) for each in matches]
    [one] = stand_requests(
        [PbcRequest(id="1.01", row=2, text="Access reviews", matches=tuple(said), **request)], {CONTROL: found} if found else {}
    )
    return one


def test_what_has_landed_answers_a_request_with_rows_hash_and_manifest() -> None:
    found = stand(standing(make_control(), *EVERY_MONTH), {})
    assert (found.state, found.gaps, found.awaited) == (PbcState.LANDED, (), ())
    assert [each.landed.window for each in found.evidence] == MONTHS
    key = "manifests/observation_period=2026-H1/idp-2026-01.json"
    assert found.evidence[0].as_text() == f"{CONTROL} 2026-01 idp: 7 rows, row hash {'a' * 64}, {key}"
    assert found.evidence[0].as_document() == {
        "control": CONTROL, "window": "2026-01", "system": "idp", "landing": "idp-2026-01", "manifest_key": key, **LINEAGE,
    }  # fmt: skip


def test_what_is_absent_or_unusable_says_why() -> None:
    notes = (note("did not land", "2026-02", reason="The export had no column.\nAsk IT."), note("not extracted", "2026-03"))
    found = stand(standing(make_control(), *EVERY_MONTH[:1], *EVERY_MONTH[4:], noted=notes), {})
    assert found.state is PbcState.INCOMPLETE
    assert found.gaps[:2] == (
        f"{CONTROL} 2026-02 idp: incomplete: The export had no column. Ask IT.",
        f"{CONTROL} 2026-03 idp: not extracted: Because.",
    )
    assert found.gaps[2].startswith(f"{CONTROL} 2026-04 idp: not extracted")
    assert [each.landed.window for each in found.evidence] == ["2026-01", "2026-05", "2026-06"]


def test_what_is_not_due_yet_is_awaited_and_never_called_complete() -> None:
    now = datetime(2026, 3, 20, tzinfo=UTC)
    found = stand(standing(make_control(), *EVERY_MONTH, now=now), {})
    assert (found.state, found.gaps) == (PbcState.LANDED_SO_FAR, ())
    assert found.awaited == tuple(f"{CONTROL} {key} idp" for key in MONTHS[2:])
    nothing = stand(standing(make_control(), now=datetime(2026, 1, 2, tzinfo=UTC)), {})
    assert (nothing.state, nothing.evidence) == (PbcState.AWAITED, ())


def test_a_match_counts_only_for_the_window_and_system_that_it_names() -> None:
    program = standing(make_control(), *EVERY_MONTH[:3])
    one = stand(program, {"window": "2026-03"}, {"window": "2026-03", "system": "idp"})
    assert (one.state, len(one.evidence)) == (PbcState.LANDED, 1), "matched twice, it is there once"
    absent = stand(program, {"window": "2026-04"})
    assert (absent.state, absent.evidence, len(absent.gaps)) == (PbcState.INCOMPLETE, (), 1)
    other = stand(program, {"window": "2026-03"}, {"window": "2026-09", "system": "idp"})
    assert other.state is PbcState.INCOMPLETE, "of two matches one comes to nothing, which is told"
    assert other.gaps == (f"{CONTROL} 2026-09 idp: nothing of it is due in this period",)


def test_a_control_that_is_not_there_is_a_gap() -> None:
    found = stand(None, {})
    assert found.state is PbcState.INCOMPLETE
    assert found.gaps == (f"{CONTROL}: it does not operate in this period, or its file can not be read",)


@pytest.mark.parametrize(
    ("matches", "request_", "state"),
    [
        ([], {}, PbcState.NO_MATCH),
        ([{"by": None}], {}, PbcState.SUGGESTED),
        ([{}], {"withdrawn": True}, PbcState.WITHDRAWN),
    ],
)
def test_what_nobody_has_matched_answers_nothing(
    matches: list[dict[str, Any]], request_: dict[str, Any], state: PbcState
) -> None:
    found = stand(standing(make_control(), *EVERY_MONTH), *matches, **request_)
    assert (found.state, found.evidence, found.gaps) == (state, (), ())


def test_what_is_exported_says_what_is_suggested_what_is_not_there_and_what_is_awaited() -> None:
    program = standing(make_control(), *EVERY_MONTH[:1], now=datetime(2026, 4, 20, tzinfo=UTC))
    [said] = exported([stand(program, {}, {"control": "cc8_1_changes", "by": None})]).values()
    assert said[PbcField.OUR_STATUS] == "incomplete"
    assert said[PbcField.EVIDENCE].startswith(f"{CONTROL} 2026-01 idp: 7 rows, row hash aaaa")
    first, *_, last = said[PbcField.COMMENT].splitlines()
    assert first.startswith(f"Not there: {CONTROL} 2026-02 idp: not extracted")
    assert f"Awaited: {CONTROL} 2026-04 idp" in said[PbcField.COMMENT]
    assert last == "Suggested, confirmed by nobody: cc8_1_changes"
    assert exported([stand(program, {}, withdrawn=True)]) == {}
