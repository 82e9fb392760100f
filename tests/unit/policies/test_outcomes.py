# SPDX-License-Identifier: Apache-2.0
"""What a campaign came to: one row for each assigned item, with what was said, when, and how the person was told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.unit.policies.test_obligations import CAMPAIGN, DUE, as_text, found, person, policy, version

from tieout.campaigns.definition import Choice, Definition, Leftovers, Pin, Population, Schedule
from tieout.campaigns.events import Closed, Decided, Event, ItemDecision, Noticed
from tieout.campaigns.folding import fold
from tieout.campaigns.leftovers import Closing, close
from tieout.campaigns.reminders import due_notices, left_notice
from tieout.campaigns.state import State
from tieout.contracts.expectations import run_rules
from tieout.contracts.odcs import load_contract
from tieout.criteria.policies import Question
from tieout.errors import ExtractionRefused
from tieout.policies.assigning import campaign_items
from tieout.policies.obligations import Row
from tieout.policies.outcomes import Outcomes

OPENED = datetime(2026, 7, 6, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
END = DUE + 14 * DAY
POLICY = policy(version(question=Question(text="Why?", options=("a", "b"), expected="b")))
PEOPLE = [person(name, manager="mia") for name in ("ann", "ben", "cy", "di", "eve", "flo")]


class Campaign:
    """Six people who are asked for one policy each; Eve has no account."""

    def __init__(self) -> None:
        self.rows = found(*PEOPLE, person("gone", employment="left"), policies={"security": POLICY})
        items, assignments = campaign_items({name: as_text(value) for name, value in row.items()} for row in self.rows)
        self.definition = Definition(
            campaign=CAMPAIGN, control="cc5_3_policy_campaign", observation_period="2026-H2", window="2026-W27",
            kind="policy_acknowledgment", populations=(Population("hris", "l", "k", "s"),),
            schedule=Schedule(OPENED, DUE, (DUE - DAY,), None, (END,)),
            choices={"acknowledged": Choice(), "not acknowledged": Choice(offered=False)}, leftovers=Leftovers.DECIDE,
            leftover_choice="not acknowledged", items=items, assignments=assignments,
            pins={row["person"]: Pin("T1", row["person"].upper()) for row in PEOPLE} | {"eve": None, "mia": None},
            managers_of_program=("mia",), personal=True,
        )  # fmt: skip
        self.events: list[Event] = []

    def _id(self) -> str:
        return f"{len(self.events):032x}"

    @property
    def state(self) -> State:
        return fold(self.definition, self.events)

    def acknowledge(self, who: str, at: datetime, answer: str | None = "b", channel: tuple[str, bool] = ("slack", True)) -> None:
        [given] = self.definition.assignments_of_person[who]
        lines = tuple(
            ItemDecision(item, self.definition.items[item].row_sha256, "acknowledged", None, answer) for item in given.items
        )
        said: dict[str, Any] = {"assignment": given.id, "decisions": lines, "batch": 1, "presented_sha256": "c" * 64}
        self.events.append(
            Decided(
                id=self._id(), at=at, by=who, definition_sha256=self.definition.sha256, interaction=who, channel=channel, **said
            )
        )

    def notice(self, at: datetime, **unreachable: str) -> None:
        notices = due_notices(self.definition, self.state, at, unreachable)
        self.events.append(Noticed(id=self._id(), at=at, by="task", notices=notices))

    def leave(self, who: str, at: datetime) -> None:
        self.events.append(Noticed(id=self._id(), at=at, by="task", notices=(left_notice(who, "x"),)))

    def close(self) -> dict[str, Row]:
        closing = close(self.definition, self.state, END)
        assert isinstance(closing, Closing)
        said = {"counts": closing.counts, "leftovers": closing.leftovers, "heard": closing.heard}
        self.events.append(Closed(id=self._id(), at=END, by="task", **said))
        return self.outcomes()

    def outcomes(self, **left_on: date) -> dict[str, Row]:
        made = Outcomes(self.state, {each.id: each for each in self.events}, left_on)
        return {row["person"]: row for row in made.rows(self.rows)}


@pytest.fixture
def campaign() -> Campaign:
    made = Campaign()
    made.notice(OPENED + HOUR, eve="no account")
    made.acknowledge("ann", OPENED + 2 * HOUR)
    made.leave("di", OPENED + 3 * HOUR)
    made.notice(DUE - DAY)
    made.acknowledge("ben", DUE, "a", ("personal link", False))
    made.acknowledge("flo", DUE - timedelta(microseconds=1), None)
    return made


def test_everybody_who_was_asked_has_a_row_with_what_came_of_it(campaign: Campaign) -> None:
    rows = campaign.close()
    assert {who: (row["outcome"], row["in_time"]) for who, row in rows.items()} == {
        "ann": ("acknowledged", True), "ben": ("acknowledged", False), "cy": ("not acknowledged", False),
        "di": ("excluded", None), "eve": ("not acknowledged", False), "flo": ("acknowledged", True),
    }  # fmt: skip
    assert {who: (row["answer"], row["answer_expected"]) for who, row in rows.items() if row["response"]} == {
        "ann": ("b", True), "ben": ("a", False), "flo": (None, None),
    }  # fmt: skip
    assert (rows["ben"]["channel"], rows["ben"]["signature_checked"]) == ("personal link", False)
    assert rows["ann"]["presented_sha256"] == "c" * 64
    assert "recorded that the person has left" in rows["di"]["outcome_reason"]
    assert (rows["ann"]["assigned_at"], rows["ann"]["due_at"]) == (OPENED, DUE)


def test_how_people_were_told_stands_in_their_rows(campaign: Campaign) -> None:
    rows = campaign.close()
    assert {who: (row["told_at"], row["reminders"], row["unreachable"]) for who, row in rows.items()} == {
        "ann": (OPENED + HOUR, 0, None), "ben": (OPENED + HOUR, 1, None), "cy": (OPENED + HOUR, 1, None),
        "di": (OPENED + HOUR, 0, None), "eve": (None, 0, "no account"), "flo": (OPENED + HOUR, 1, None),
    }  # fmt: skip
    assert (rows["cy"]["message_team"], rows["cy"]["message_user"], rows["eve"]["message_user"]) == ("T1", "CY", None)


def test_who_left_is_excluded_unless_they_acknowledged_first(campaign: Campaign) -> None:
    campaign.close()
    rows = campaign.outcomes(ann=date(2026, 7, 10), cy=date(2026, 7, 20))
    assert rows["ann"]["outcome"] == "acknowledged"
    assert (rows["cy"]["outcome"], rows["cy"]["in_time"]) == ("excluded", None)
    assert "2026-07-20" in rows["cy"]["outcome_reason"]


def test_the_rows_are_those_of_the_contract_and_its_rules_find_the_deviations(campaign: Campaign, repository: Path) -> None:
    contract = load_contract(repository / "include/evidence_schemas/acknowledgment.v2.odcs.yaml")
    rows = list(campaign.close().values())
    assert all(set(row) == set(contract.schema.names) for row in rows)
    results = {
        each.rule: each for each in run_rules(pa.Table.from_pylist(rows, schema=contract.schema), contract, {"second_count": 6})
    }
    assert {name for name, each in results.items() if each.not_met} == {"acknowledged", "in_time"}
    assert (results["acknowledged"].met, results["acknowledged"].not_met) == (4, 2)
    found_ = results["in_time"]
    assert (found_.met, found_.not_met, found_.not_determinable) == (2, 3, 1)


def test_nothing_comes_of_a_campaign_that_is_open(campaign: Campaign) -> None:
    with pytest.raises(ExtractionRefused, match="it is open"):
        campaign.outcomes()
