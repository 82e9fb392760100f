# SPDX-License-Identifier: Apache-2.0
"""A review from its message to its receipt, by people who press and submit over real, signed HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.simulators.slack import Person
from tests.unit.slack.scene import CAMPAIGN, Scene

from tieout.desks.desk import LATER, PAGE_ITEMS
from tieout.slack.blocks.modals import TRY_AGAIN


def keep(_item: str, _text: str) -> tuple[str, str | None]:
    """Keep everything."""
    return "keep", None


def opened(scene: Scene) -> Person:
    """Return the owner with the first page open."""
    owner = scene.owner()
    assert owner.press_in_message(owner.messages[0], "open_review").status == 200
    return owner


def test_pages_follow_each_other_to_a_receipt_and_the_summary_keeps_up(scene: Scene) -> None:
    owner = scene.owner()
    [summary] = owner.messages
    assert "20 accounts to decide" in summary.text
    assert owner.review(summary, keep) == 2
    assert "That was all" in str(owner.view.given["blocks"])
    scene.settle()
    answers = [answer for _, _, answer in scene.desk.stored]
    assert [len(each.decisions) for each in answers] == [PAGE_ITEMS, 20 - PAGE_ITEMS]
    assert {each.channel for each in answers} == {("slack", True)}
    assert len(owner.messages) == 1
    assert summary.updates >= 1
    assert "All done" in summary.text
    assert [each.text for each in owner.thread(summary)] == [f"Stored: {PAGE_ITEMS} keep.", f"Stored: {20 - PAGE_ITEMS} keep."]
    assert scene.slack.wrong == scene.slack.views.problems == []


def test_an_answer_says_when_and_for_how_long_and_what_was_seen_without_names(scene: Scene) -> None:
    scene.desk.persons = {f"person-{number:020x}": f"Zerberus {number}" for number in range(1, 21)}
    owner = opened(scene)
    assert "Zerberus 1" in str(owner.view.given["blocks"])
    owner.fill(lambda item, _: ("revoke", "has moved to sales") if item.endswith("1") else ("keep", None))
    owner.submit()
    [(_, person, answer)] = scene.desk.stored
    assert person == "person-owner"
    assert {each.choice: each.reason for each in answer.decisions} == {"keep": None, "revoke": "has moved to sales"}
    assert abs((datetime.now(UTC) - answer.acted_at).total_seconds()) < 5
    assert answer.acted_at.microsecond == 0
    assert 0 <= answer.dwell_ms < 5000
    said = str(answer.presented)
    assert "Zerberus" not in said
    assert f"person-{1:020x}" in said
    assert answer.presented["text"].startswith("GitHub for U0OWNER001")


def test_a_reason_that_is_missing_is_told_at_its_input_and_nothing_is_stored(scene: Scene) -> None:
    owner = opened(scene)
    found = owner.fill(lambda item, _: ("revoke" if item.endswith("3") else "keep", "   " if item.endswith("3") else None))
    owner.submit()
    [(block, said)] = owner.view.errors.items()
    assert block.startswith(f"reason.{found[2]}.")
    assert said == "A reason is needed for 'revoke'."
    assert scene.desk.stored == []
    owner.fill(lambda item, _: ("revoke", "left the team") if item.endswith("3") else ("keep", None))
    owner.submit()
    assert len(scene.desk.stored) == 1


def test_an_item_without_a_choice_or_with_one_that_is_none_is_told_at_its_input(scene: Scene) -> None:
    owner = opened(scene)
    owner.fill(keep)
    first, second = [block for block in owner.view.values if block.startswith("decision.")][:2]
    owner.view.values[first]["decision"]["selected_option"] = None
    owner.view.values[second]["decision"]["selected_option"] = {"text": {"type": "plain_text", "text": "?"}, "value": "certify"}
    owner.submit()
    assert list(owner.view.errors) == [first, second]
    assert scene.desk.stored == []


def test_what_is_left_for_later_stays_open_and_comes_again(scene: Scene) -> None:
    owner = opened(scene)
    owner.fill(lambda item, _: (LATER if item.endswith("2") else "keep", None))
    owner.submit()
    owner.fill(keep)
    owner.submit()
    assert "1 left open" in str(owner.view.given["blocks"])
    assert len(scene.desk.decided(CAMPAIGN, "1-owner")) == 19
    assert owner.press_in_view("next_page").status == 200
    [item] = owner.fill(keep)
    assert item.endswith("2")
    owner.submit()
    assert "That was all" in str(owner.view.given["blocks"])
    assert len(scene.desk.decided(CAMPAIGN, "1-owner")) == 20


def test_a_page_of_nothing_but_later_stores_nothing(scene: Scene) -> None:
    owner = opened(scene)
    owner.fill(lambda _, __: (LATER, None))
    assert owner.submit().said["response_action"] == "update"
    assert scene.desk.asked == 0


def test_what_was_filled_in_on_one_page_does_not_stand_on_the_next(scene: Scene) -> None:
    owner = opened(scene)
    owner.fill(lambda _, __: (LATER, "a reason"))
    owner.submit()
    said = [inputs for block in owner.view.values.values() for inputs in block.values()]
    assert all(each.get("value") is None and each.get("selected_option") is None for each in said)


def test_home_shows_what_is_open_opens_it_and_remembers_what_was_done(scene: Scene) -> None:
    owner = scene.owner()
    assert "20 accounts to decide" in str(owner.open_home())
    assert owner.press_in_home("open_review").status == 200
    owner.fill(keep)
    owner.submit()
    owner.fill(keep)
    owner.submit()
    assert owner.close() is not None
    scene.settle()
    home = str(scene.slack.views.homes[owner.user])
    assert "Nothing is waiting for you" in home
    assert "20 of 20 decided" in home
    summary = owner.messages[0]
    assert "All done" in summary.text  # the campaign knows where it stands


def test_another_tab_of_the_app_publishes_nothing(scene: Scene) -> None:
    import json

    from tests.simulators.slack.delivery import JSON, deliver, signed
    from tests.simulators.slack.payloads import home_opened

    body = json.dumps(home_opened(scene.slack.team, "U0OWNER001", "D0OWNER001", tab="messages")).encode()
    assert deliver(scene.url, signed(body, "simulated-signing-secret", JSON)).status == 200
    assert scene.slack.calls == []


def test_a_question_goes_to_those_who_answer_and_into_the_thread(scene: Scene) -> None:
    owner = scene.owner()
    summary = owner.messages[0]
    owner.press_in_message(summary, "ask_question")
    assert "<@U0MANAGER1>" in str(owner.view.given["blocks"])
    owner.fill_text("question", "question", "Is <!channel> the build user ours?")
    owner.submit()
    assert owner.view.given["title"]["text"] == "On its way"
    scene.settle()
    [copy] = owner.thread(summary)
    [sent] = scene.person("U0MANAGER1").messages
    for each in (copy, sent):
        assert each.blocks[1]["text"] == {"type": "plain_text", "text": "Is <!channel> the build user ours?", "emoji": False}
        assert "<!channel>" not in each.text
        assert f"<@{owner.user}> asks" in each.blocks[0]["text"]["text"]
    assert scene.desk.stored == []


def test_an_empty_question_is_told_at_its_input(scene: Scene) -> None:
    owner = scene.owner()
    owner.press_in_message(owner.messages[0], "ask_question")
    owner.fill_text("question", "question", "  ")
    owner.submit()
    assert list(owner.view.errors) == ["question"]


def test_where_nobody_answers_questions_the_person_is_told_whom_to_ask(scene: Scene) -> None:
    scene.desk.campaigns[CAMPAIGN].managers = ()
    owner = scene.owner()
    owner.press_in_message(owner.messages[0], "ask_question")
    assert "the security team" in str(owner.view.given["blocks"])


def test_the_store_refusing_asks_to_try_again_and_keeps_what_was_filled_in(scene: Scene) -> None:
    owner = opened(scene)
    owner.fill(lambda _, __: ("revoke", "not needed"))
    filled = {block: dict(inputs) for block, inputs in owner.view.values.items()}
    scene.desk.down = True
    owner.submit()
    assert list(owner.view.errors.values()) == [TRY_AGAIN]
    assert owner.view.values == filled
    scene.desk.down = False
    owner.submit()
    assert owner.view.errors == {}
    assert len(scene.desk.stored) == 1


def test_something_that_can_not_be_read_says_so(scene: Scene) -> None:
    owner = scene.owner()
    scene.desk.down = True
    owner.press_in_message(owner.messages[0], "open_review")
    assert owner.view.given["title"]["text"] == "Please try again"


def test_a_next_page_that_can_not_be_read_still_says_that_this_one_is_stored(scene: Scene) -> None:
    owner = opened(scene)
    owner.fill(keep)
    real = scene.desk.page

    def broken(*_: object) -> object:
        from tieout.errors import StoreUnavailable

        raise StoreUnavailable("down")

    scene.desk.page = broken  # type: ignore[method-assign, assignment]
    owner.submit()
    assert "Stored" in owner.view.given["title"]["text"]
    assert "can not be read just now" in str(owner.view.given["blocks"])
    scene.desk.page = real  # type: ignore[method-assign]
    owner.press_in_view("next_page")
    owner.fill(keep)
    owner.submit()
    assert len(scene.desk.decided(CAMPAIGN, "1-owner")) == 20
