# SPDX-License-Identifier: Apache-2.0
"""An owner confirmation on a real object store, from the frozen form to the landed row with its file."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.confirmation_scene import CONTROL, LOG, SYSTEM, WINDOW, Scene, mail, make_scene, member, sha256
from tests.simulators.slack import TEAM, Account, Slack
from tests.simulators.slack.members import dm_of
from tests.stack import Store
from tieout.campaigns.definition import Pin
from tieout.confirmations.filled import Problems
from tieout.criteria.forms import CONFIRMATION_TYPE
from tieout.desks.desk import Refused
from tieout.desks.form_values import FormAsked, FormStored
from tieout.errors import ConfigurationError, ExtractionRefused
from tieout.evidence.landing import LandingReference
from tieout.evidence.layout import RESPONSES, Class, class_of
from tieout.evidence.verify import Outcome
from tieout.flows.campaign_landing import landing_job, standing_of

pytestmark = pytest.mark.integration
SECOND = LOG + b"2026-02-03 11:40 checksums equal\n"


@pytest.fixture(scope="module")
def scene(own_store: Store, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Return a confirmation that was returned once, handed in again, accepted, and closed."""
    made = make_scene(own_store, repository, tmp_path_factory.mktemp("confirmations") / "project")
    made.freeze()
    made.open()
    assert isinstance(made.hand_in("pia"), FormStored)
    assert isinstance(made.look("hedi", "Were the checksums compared?"), FormStored)
    assert isinstance(made.hand_in("pia", [("restore.txt", LOG), ("checksums.txt", SECOND)]), FormStored)
    assert isinstance(made.look("hedi"), FormStored)
    made.close()
    return made


@pytest.fixture(scope="module")
def landed(scene: Scene) -> LandingReference:
    return scene.land()


def test_the_row_says_what_was_confirmed_when_and_who_accepted_it(scene: Scene, landed: LandingReference) -> None:
    [row] = scene.rows(landed, "owner_confirmation")
    said = {name: row[name] for name in ("outcome", "in_time", "second_review", "returns", "question", "files", "outcome_reason")}
    assert said == {
        "outcome": "confirmed", "in_time": True, "second_review": "accepted", "returns": 1,
        "question": "Were the checksums compared?", "files": 2, "outcome_reason": None,
    }  # fmt: skip
    assert (row["handed_in_by"], row["second_reviewer"], row["owner_role"]) == (mail("pia"), mail("hedi"), "Platform Lead")
    assert str(row["effective_on"]) == "2026-02-03"
    assert row["performed_at"].isoformat() == "2026-02-03T11:00:00+00:00"  # noon in Berlin
    filled = json.loads(row["filled_in"])
    assert (filled["hours"], filled["result"], [each["sha256"] for each in filled["proof"]]) == (
        "1.5", "met", [sha256(LOG), sha256(SECOND)]
    )  # fmt: skip
    assert row["filled_in_sha256"] == sha256(row["filled_in"].encode())
    assert "restore.txt" not in json.dumps(row, default=str), "the name of a file is personal data"


def test_the_manifest_names_each_file_and_those_of_answers_before(scene: Scene, landed: LandingReference) -> None:
    said = scene.manifest(landed).predicate
    inputs = said["ipe"]["inputs"]
    assert [each["sha256"] for each in inputs["files"]] == [sha256(LOG), sha256(SECOND)]
    bucket = scene.store.bucket("auditor")
    for each in inputs["files"]:
        assert b"".join(bucket.chunks(each["key"], each["version_id"]) or ()) in (LOG, SECOND)
    assert inputs["other_files"] == []
    assert said["performances"]["shown"] == [{"name": f"{CONTROL}.{WINDOW}", "on": "2026-02-03"}]
    assert said["potential_deviations"] == 0
    [asked] = scene.rows(scene.freeze(), "confirmation_request")
    assert (asked["owner"], asked["owner_order"], asked["second_reviewers"]) == (mail("pia"), mail("paul"), mail("hedi"))
    assert sha256(asked["form"].encode()) == asked["form_sha256"]
    assert said["ipe"]["request"]["parameters"]["forms_sha256"] == [asked["form_sha256"]]


def test_landing_again_finds_it_and_the_bucket_is_intact(scene: Scene, landed: LandingReference) -> None:
    again = scene.land()
    assert (again.manifest_key, again.landed_now) == (landed.manifest_key, False)
    report = scene.store.verify()
    mine = [each for each in (*report.landings, *report.others) if f"window={WINDOW}/" in each.key or f".{WINDOW}/" in each.key]
    assert {each.outcome for each in mine} == {Outcome.INTACT}
    assert len([each for each in mine if each.kind == Class.RESPONSE]) == 4


def test_only_a_landing_of_the_same_close_and_the_same_reason_stands(scene: Scene, landed: LandingReference) -> None:
    job, store = landing_job(scene.planned(), SYSTEM, CONFIRMATION_TYPE), scene.campaigns().store
    closed = scene.manifest(landed).predicate["ipe"]["inputs"]["campaign"]["closed"]
    found = standing_of(job, store, lambda made_of: made_of["campaign"]["closed"] == closed, None)
    assert found == replace(landed, landed_now=False)
    assert standing_of(job, store, lambda made_of: made_of["campaign"]["closed"] != closed, None) is None
    assert standing_of(job, store, lambda _: True, "the control's file was wrong") is None, "that reason has landed nothing yet"


def test_files_are_locked_and_written_by_the_responder_alone(scene: Scene) -> None:
    bucket = scene.store.bucket("auditor")
    files = [key for key in bucket.keys(RESPONSES) if class_of(key) is Class.FILE and f"/{CONTROL}.{WINDOW}/" in key]
    assert len(files) == 2
    for key in files:
        [version] = bucket.versions(key)
        lock = bucket.lock(key, version.version_id)
        assert lock is not None
        assert lock.mode == scene.settings.retention_mode
        assert lock.until is not None
        assert lock.until > scene.planned().period.end(scene.planned().scope.zone)
    writer = scene.store.bucket()
    with pytest.raises(ConfigurationError, match="refused this identity"):
        writer.put_locked(f"{files[0][:-64]}{'0' * 64}", b"x", sha256(b"x"), _retention(scene))


def _retention(scene: Scene) -> Any:
    from tieout.flows.upkeep import retention_for

    planned = scene.planned()
    return retention_for(planned.settings, planned.scope, planned.period.id, scene.store.clock())


def test_the_campaigns_task_tells_who_is_asked_who_looks_and_closes_it_when_it_is_accepted(
    own_store: Store, repository: Path, tmp_path: Path
) -> None:
    users = {name: f"U0{name.upper():0<8}" for name in ("pia", "paul", "hedi")}
    scene = make_scene(own_store, repository, tmp_path / "project", "2025-Q1")
    scene.freeze()
    scene.open(find=lambda person: Pin(TEAM, users[person.partition("@")[0]]))
    with Slack([Account(mail(name), user, name.title()) for name, user in users.items()]) as slack:
        assert scene.poke(slack).recorded == {"invitation": 1}
        assert isinstance(scene.hand_in("pia", restored_on="2025-02-03", backup_of="2025-02-02"), FormStored)
        found = scene.poke(slack)
        assert (found.recorded, found.sent, found.done) == ({"look": 1}, 1, False)
        assert [each.text for each in slack.messages if each.channel == dm_of(users["hedi"])][-1].count("accept or return") == 1
        assert scene.poke(slack).recorded == {}
        assert isinstance(scene.look("hedi"), FormStored)
        assert scene.poke(slack).done
        assert len(slack.messages) == 2
    [row] = scene.rows(scene.land(), "owner_confirmation")
    assert (row["outcome"], row["second_review"]) == ("confirmed", "accepted")


def test_what_does_not_count_is_not_stored(own_store: Store, repository: Path, tmp_path: Path) -> None:
    scene = make_scene(own_store, repository, tmp_path / "project", "2026-Q2")
    with pytest.raises(ExtractionRefused, match="Freeze it, and open it then"):
        scene.open()
    scene.freeze()
    scene.open()

    def stored() -> list[str]:
        prefix = scene.planned().place.responses_of(scene.planned().campaign)
        return scene.store.bucket("auditor").keys(prefix)

    days = {"restored_on": "2026-05-05", "backup_of": "2026-05-04"}
    problems = scene.hand_in("pia", files=(), result="late", hours="1,5", **days)
    assert isinstance(problems, Problems)
    assert set(problems.by_field) == {"hours", "remedy", "proof"}
    for stranger in ("paul", "hedi", "mallory"):  # next in order, who looks, and nobody at all
        assert isinstance(scene.hand_in(stranger, **days), Refused), stranger
    assert isinstance(scene.look("hedi"), Refused)
    assert isinstance(scene.hand_in("pia", late=timedelta(hours=2), **days), Refused), "it says that it was said long before"
    assert stored() == []
    first = scene.hand_in("pia", interaction="once", **days)
    again = scene.hand_in("pia", interaction="once", **days)
    assert isinstance(first, FormStored)
    assert isinstance(again, FormStored)
    assert (again.response, again.now, first.now) == (first.response, False, True)
    assert len(stored()) == 3  # the file, what was handed in, the response
    assert isinstance(scene.look("pia"), Refused), "nobody looks at their own"
    assert isinstance(scene.look("hedi"), FormStored)
    later = scene.hand_in("pia", interaction="once", **days)
    assert isinstance(later, FormStored), "delivered again, after it was accepted"
    assert later.response == first.response
    accepted = scene.asked("pia")
    assert isinstance(accepted, Refused)
    assert "has been accepted" in accepted.reason


def test_a_form_that_nobody_accepts_expires_and_performs_nothing(own_store: Store, repository: Path, tmp_path: Path) -> None:
    scene = make_scene(own_store, repository, tmp_path / "project", "2025-Q3")
    scene.freeze()
    scene.open(due=2, ends=5)
    asked = scene.asked("pia")
    assert isinstance(asked, FormAsked)
    assert (asked.asked.form.title, asked.looks, asked.question) == ("Restore test", True, None)
    assert isinstance(scene.hand_in("pia", restored_on="2025-08-05", backup_of="2025-08-04"), FormStored)
    assert isinstance(scene.look("hedi", "Which log is this?"), FormStored)
    returned = scene.asked("pia")
    assert isinstance(returned, FormAsked)
    assert returned.question == "Which log is this?"
    with pytest.raises(ExtractionRefused, match="it is open"):
        scene.land()
    scene.close()
    landed = scene.land()
    [row] = scene.rows(landed, "owner_confirmation")
    assert (row["outcome"], row["second_review"], row["in_time"], row["files"]) == ("not confirmed", "returned", True, 1)
    assert "not answered by the end" in row["outcome_reason"]
    assert row["performed_at"] is None
    said = scene.manifest(landed).predicate
    assert said["performances"]["shown"] == []
    assert said["potential_deviations"] == 1
    assert scene.desk().looks(member("hedi")) == ()


def test_without_a_second_review_what_is_handed_in_stands(own_store: Store, repository: Path, tmp_path: Path) -> None:
    scene = make_scene(own_store, repository, tmp_path / "project", "2025-Q4", second_review=None)
    scene.freeze()
    answered = scene.open(ends=60)
    assert (answered.definition.lookers, answered.definition.schedule.extensions) == ((), ())
    assert isinstance(scene.hand_in("pia", restored_on="2025-10-05", backup_of="2025-10-04"), FormStored)
    scene.close()
    [row] = scene.rows(scene.land(), "owner_confirmation")
    assert (row["outcome"], row["second_review"], row["second_reviewer"], row["system"]) == ("confirmed", "none", None, SYSTEM)


def test_a_form_that_is_due_once_a_year_asks_nobody_after_the_other_quarters(
    own_store: Store, repository: Path, tmp_path: Path
) -> None:
    scene = make_scene(own_store, repository, tmp_path / "project", "2025-Q2", asked_in=["Q4"])
    assert scene.freeze().rows == 0
    assert scene.open().definition.assignments == {}
    with Slack([]) as slack:
        done = scene.poke(slack)
        assert (done.done, done.recorded, slack.messages) == (True, {}, [])
    landed = scene.land()
    assert (landed.rows, landed.potential_deviations) == (0, 0)
    said = scene.manifest(landed).predicate
    assert (said["performances"]["shown"], said["ipe"]["second_count"]["rows"]) == ([], 0)
    assert make_scene(own_store, repository, tmp_path / "other", "2025-Q4", asked_in=["Q2", "Q4"]).planned().is_asked


def test_nor_does_one_about_deviations(own_store: Store, repository: Path, tmp_path: Path) -> None:
    about: dict[str, Any] = {"asked_in": ["Q4"], "asks_about": "deviations", "second_review": None}
    scene = make_scene(own_store, repository, tmp_path / "project", "2025-Q2", **about)
    frozen = scene.manifest(scene.freeze(reason="It asks about deviations.")).predicate["ipe"]
    assert frozen["source_total"] == {"rows": 0, "how": "forms of the control's file that are asked after this window"}
