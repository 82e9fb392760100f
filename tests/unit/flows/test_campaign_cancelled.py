# SPDX-License-Identifier: Apache-2.0
"""A review that was cancelled says so for each of its systems, once; one that was not says nothing."""

from __future__ import annotations

import pytest
from tests.unit.flows.campaign_bench import Bench, now, retention
from tests.unit.flows.review_project import SYSTEMS

from tieout.campaigns.writer import Writer
from tieout.criteria.extractions import ExtractionState, extractions
from tieout.errors import ExtractionRefused
from tieout.evidence.keys import Scope
from tieout.evidence.records import RecordKind, read_record
from tieout.flows.campaign_cancelled import record_cancelled
from tieout.flows.status import noted_of


def test_the_window_of_each_system_is_not_extracted_and_the_record_says_why(bench: Bench) -> None:
    signer, planned = bench.signers[Scope.LANDING], bench.planned
    with pytest.raises(ExtractionRefused, match="it is open, and was not cancelled"):
        record_cancelled(planned, bench.campaigns, signer, now, "the task")
    writer = Writer(bench.loaded().definition, bench.store, signer, retention())
    cancelled = writer.cancel("cleo", "the wrong roster", now())
    keys = record_cancelled(planned, bench.campaigns, signer, now, "the task")
    assert record_cancelled(planned, bench.campaigns, signer, now, "another task") == keys
    records = [read_record(bench.store.read(key, None) or b"", key) for key in keys]
    assert [(each.kind, each.system, each.by) for each in records] == [
        (RecordKind.NOT_EXTRACTED, system, "the task") for system in SYSTEMS
    ]
    for each in records:
        assert each.reason.endswith("Why it was cancelled: the wrong roster")
        assert each.facts["cancelled"]["key"] == cancelled.key
    found = extractions(planned.control, [planned.window], [], [noted_of(each) for each in records], None, now())
    assert {(each.system, each.state) for each in found.due} == {(system, ExtractionState.NOT_EXTRACTED) for system in SYSTEMS}
    assert all("cancelled" in (each.reason or "") for each in found.due)
