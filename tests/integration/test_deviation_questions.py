# SPDX-License-Identifier: Apache-2.0
"""Owners are asked about the deviations of their controls in Slack, and what they answer in the form stands in the register."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.confirmation_scene import Scene, mail
from tests.program import LIBRARY, Program, leaver_values, merge_values, noon
from tests.simulators.slack import TEAM, Account, Slack
from tests.simulators.slack.members import dm_of
from tests.stack import Store
from tieout.audit.deviations import Deviation, DeviationState
from tieout.campaigns.definition import Pin
from tieout.confirmations.filled import Problems
from tieout.criteria.periods import WindowKind, window_key
from tieout.desks.desk import Refused
from tieout.desks.form_values import FormStored
from tieout.errors import ConfigurationError
from tieout.evidence.landing import LandingReference
from tieout.evidence.verify import Outcome
from tieout.flows.campaign_poke import Poked
from tieout.flows.deviations import Register, read_register
from tieout.flows.index import landings
from tieout.flows.status import choose_period, read_facts, read_program, status
from tieout.settings import Settings

pytestmark = pytest.mark.integration
CHANGES, LEAVERS, QUESTIONS = "cc8_1_change_management", "cc6_2_offboarding", "cc4_2_deviation_answers"
USERS = {"hedi": "U0HEDI000", "pia": "U0PIA0000", "sam": "U0SAM0000", "cleo": "U0CLEO000"}
OWNERS = {
    "Head of Engineering": mail("hedi"), "People Lead": mail("pia"), "Security Lead": mail("sam"), "CTO": mail("cleo"),
}  # fmt: skip
CONFIRMED = {
    "state_1": "confirmed", "disposition_1": "The merges were reviewed afterwards.", "root_cause_1": "A rule was off for a day.",
    "remedy_due_1": "2027-01-31",
}  # fmt: skip


@dataclass
class Weeks:
    """A program in which two owners have deviations, and the questions of some weeks about them."""

    scene: Scene
    period: str

    def register(self, **settings: Any) -> Register:
        """Read the register as of now, as the auditor."""
        found, bucket, now = (
            replace(self.scene.settings, **settings),
            self.scene.store.bucket("auditor"),
            self.scene.store.clock(),
        )
        program = read_program(found)
        period = choose_period(program.scope.observation_periods, self.period, date.min)
        standing = status(program, read_facts(bucket, now), period, now)
        with tempfile.TemporaryDirectory() as work:
            return read_register(found, bucket, program, standing, landings(bucket, superseded=True), Path(work))

    def of(self, control: str) -> list[Deviation]:
        return [each for each in self.register().deviations if each.observed.control == control]

    def week(self, ago: int) -> Scene:
        """Return the questions of another week."""
        return replace(self.scene, window=week(ago))


def week(ago: int) -> str:
    """Return the key of the week that lies so many weeks ago."""
    return window_key(WindowKind.WEEKLY, datetime.now(UTC).date() - timedelta(days=7 * ago))


def frozen(scene: Scene) -> dict[str, dict[str, Any]]:
    """Return the frozen rows by who is asked."""
    return {row["owner"].partition("@")[0]: row for row in scene.answered().rows.table.to_pylist()}


def find(person: str) -> Pin:
    return Pin(TEAM, USERS[person.partition("@")[0]])


@pytest.fixture(scope="module")
def weeks(own_store: Store) -> Weeks:
    """Return the program after a month whose evidence shows deviations, with nobody asked yet."""
    today = datetime.now(UTC).date()
    last_month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    program = Program(own_store.settings.home, last_month, today + timedelta(days=60), owners={**OWNERS})
    program.keep(CHANGES, LEAVERS)
    said = yaml.safe_load((LIBRARY / f"{QUESTIONS}.yaml").read_text())
    said["statements"][0]["effective_from"] = "2020-01-01"
    program.write(QUESTIONS, said)
    program.write_scope(["confirmations", *sorted({system for _, system in program.entries})])
    for day in (3, 10):
        program.add(CHANGES, "shop_csv", **{**merge_values(day, noon(last_month, day)), "pull_request": ""})
    left = noon(last_month, 8)
    program.add(LEAVERS, "hris", **leaver_values(1, left, left + timedelta(days=6), noon(last_month, 1)))
    at = min(noon(program.month(1)), datetime.now(UTC))
    program.drop(at)
    for control, system in program.entries:
        own_store.land_as_of(control, system, program.key(0), at)
    settings = Settings(home=program.home, environment="test", root_fingerprint=own_store.root)
    store = Store(own_store.stack, settings)
    return Weeks(Scene(store, week(3), QUESTIONS), program.period)


@dataclass
class Story:
    """What happened, step by step."""

    asked: dict[str, dict[str, Any]]
    poked: Poked
    said: dict[str, str]
    half: FormStored | Problems | Refused
    stranger: FormStored | Problems | Refused
    stored: FormStored | Problems | Refused
    after_one: list[Deviation]
    again: dict[str, dict[str, Any]]
    rest: list[Deviation]
    landed: LandingReference
    quiet: LandingReference


@pytest.fixture(scope="module")
def story(weeks: Weeks) -> Story:
    """Ask two owners: one answers, the other can not say yet and is asked again; then nobody has anything to answer."""
    first, second, third = weeks.scene, weeks.week(2), weeks.week(1)
    first.freeze()
    first.open(ends=60, find=find)
    today = str(datetime.now(UTC).date())
    with Slack([Account(mail(name), user, name.title()) for name, user in USERS.items()]) as slack:
        poked = first.poke(slack)
        sent = [(each.channel, each.text) for each in slack.messages]
    said = {name: " ".join(text for channel, text in sent if channel == dm_of(user)) for name, user in USERS.items()}
    answers = {**CONFIRMED, "concluded_on": today}
    half = first.hand_in("hedi", (), texts={"state_1": "confirmed", "concluded_on": today})
    stranger = first.hand_in("sam", (), texts=answers)
    stored = first.hand_in("hedi", texts=answers)
    after_one = weeks.of(CHANGES)
    assert isinstance(first.hand_in("pia", (), texts={"state_1": "not_yet", "concluded_on": today}), FormStored)
    first.close()
    second.freeze()
    second.open(ends=60)
    again = frozen(second)
    third.freeze()  # what pia is being asked about is not asked twice
    third.open(ends=60)
    assert frozen(third) == {}
    third.close()
    disposition = "It was a holiday, and nobody had the rights."
    not_confirmed = {"state_1": "not_confirmed", "disposition_1": disposition, "concluded_on": today}
    assert isinstance(second.hand_in("pia", (), texts=not_confirmed), FormStored)
    second.close()
    return Story(
        frozen(first), poked, said, half, stranger, stored, after_one, again, weeks.of(LEAVERS), first.land(), third.land()
    )


def test_each_owner_gets_one_form_with_the_deviations_of_their_controls(story: Story) -> None:
    told = {name: (row["title"], row["owner_role"]) for name, row in story.asked.items()}
    assert told == {
        "hedi": ("Deviations of your controls: 2 deviations", "Head of Engineering"),
        "pia": ("Deviations of your controls: 1 deviation", "People Lead"),
    }
    [question] = json.loads(story.asked["hedi"]["about"])
    assert (question["control"], question["rule"], len(question["deviations"])) == (CHANGES, "pull_request_referenced", 2)
    [state, *_] = json.loads(story.asked["hedi"]["form"])["fields"]
    assert state["label"] == f"1. Not met: A pull request is referenced (2 of {CHANGES})"
    assert f"shop_csv, sha {3:040x}: Expected" in state["help"]


def test_they_are_told_in_slack_by_the_messages_of_every_form(story: Story) -> None:
    assert (story.poked.recorded, story.poked.sent) == ({"invitation": 2}, 2)
    assert "1 form to fill in" in story.said["hedi"]
    assert "1 form to fill in" in story.said["pia"]
    assert (story.said["sam"], story.said["cleo"]) == ("", "")


def test_what_is_half_answered_or_somebody_elses_is_not_taken(story: Story) -> None:
    assert isinstance(story.half, Problems)
    assert set(story.half.by_field) == {"disposition_1", "root_cause_1"}
    assert isinstance(story.stranger, Refused)


def test_an_answer_stands_in_the_register_of_each_deviation_with_who_gave_it(story: Story) -> None:
    assert isinstance(story.stored, FormStored)
    assert [each.state for each in story.after_one] == [DeviationState.CONFIRMED] * 2
    for each in story.after_one:
        assert (each.disposition, each.root_cause) == (CONFIRMED["disposition_1"], CONFIRMED["root_cause_1"])
        assert (str(each.due), each.is_open, each.observed.in_evidence) == ("2027-01-31", False, True)
        [given] = each.history
        assert (given.by, given.response) == (mail("hedi"), story.stored.response)
        assert given.document.startswith("responses/")
        assert given.document.endswith(f"/{story.stored.response}.dsse.json")


def test_what_could_not_be_said_is_asked_again_and_then_answered(story: Story) -> None:
    assert story.again.keys() == {"pia"}
    assert story.again["pia"]["about"] == story.asked["pia"]["about"]
    [late] = story.rest
    assert (late.state, late.disposition) == (DeviationState.NOT_CONFIRMED, "It was a holiday, and nobody had the rights.")
    assert len(late.history) == 1


def test_each_form_lands_as_a_row_and_a_week_without_questions_as_none(weeks: Weeks, story: Story) -> None:
    rows = weeks.scene.rows(story.landed, "owner_confirmation")
    said = {row["handed_in_by"]: (row["outcome"], row["in_time"], row["files"]) for row in rows}
    assert said == {mail("hedi"): ("confirmed", True, 1), mail("pia"): ("confirmed", True, 0)}
    inputs = weeks.scene.manifest(story.landed).predicate["ipe"]["inputs"]
    assert len(inputs["files"]) == 1
    assert (story.landed.rows, story.quiet.rows) == (2, 0)
    assert weeks.scene.manifest(story.quiet).predicate["potential_deviations"] == 0


def test_the_bucket_is_intact(weeks: Weeks, story: Story) -> None:
    report = weeks.scene.store.verify()
    assert Counter(each.outcome for each in (*report.landings, *report.others)).keys() == {Outcome.INTACT}, story.landed


def test_without_the_root_what_was_answered_is_not_believed(weeks: Weeks, story: Story) -> None:
    with pytest.raises(ConfigurationError, match="TIEOUT_ROOT_FINGERPRINT"):
        weeks.register(root_fingerprint="")
    assert story.stored
