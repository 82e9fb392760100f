# SPDX-License-Identifier: Apache-2.0
"""How somebody in Slack gets on where things take their time: buttons are pressed again, pages are submitted again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from tests.simulators.slack import Person
from tests.simulators.slack.delivery import Answer
from tests.simulators.slack.people import buttons
from tests.simulators.slack.views import View

SECONDS = 900.0
"""How long anybody waits to be asked."""
_HOME_SECONDS = 120.0
_LOOK_SECONDS = 0.2
_AGAIN_SECONDS = 1.0
_TRIES = 60
Press = Callable[[], Answer]
_REFUSED, _BUSY = "Not possible", "Please try again"


def came(what: Callable[[], object], seconds: float) -> bool:
    """Wait until something is so, for so long at most; return whether it is."""
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def number_of(blocks: Iterable[dict[str, Any]], action: str, control: str) -> int | None:
    """Return the place, among the buttons with an action, of the first that is about a control; ``None`` where none is."""
    found = (place for place, (_, element) in enumerate(buttons(blocks, action)) if f'["{control}.' in element["value"])
    return next(found, None)


def wait_for(person: Person, action: str, control: str) -> Press:
    """Wait for a message with a button about a control, or for App Home to have one, and return what presses it."""
    began = looked = time.monotonic()
    while time.monotonic() < began + SECONDS:
        for message in person.messages:
            shown = replace(message, blocks=list(message.blocks))
            if (number := number_of(shown.blocks, action, control)) is not None:
                return partial(person.press_in_message, shown, action, number)
        if time.monotonic() > looked + _HOME_SECONDS:
            looked = time.monotonic()
            person.look_home()
            at_home = number_of(person.slack.views.homes.get(person.user, {"blocks": []})["blocks"], action, control)
            if at_home is not None:
                return partial(person.press_in_home, action, at_home)
        time.sleep(_LOOK_SECONDS)
    msg = f"nothing asked for {action} within {SECONDS:.0f} s"
    raise TimeoutError(msg)


def open_modal(person: Person, press: Press, callback: str) -> None:
    """Press the button until the modal is there: what is busy says so."""
    for _ in range(_TRIES):
        person.slack.views.open.pop(person.user, None)
        press()
        view = person.slack.views.open.get(person.user)
        if view is not None and view.given["callback_id"] == callback:
            return
        time.sleep(_AGAIN_SECONDS)
    msg = f"the button opens no {callback}: {'nothing' if view is None else text_of(view)}"
    raise TimeoutError(msg)


def submit(person: Person) -> Answer:
    """Submit until it is accepted: what can not be stored in time is asked for again, and nothing counts twice."""
    answer = _answered(person)
    if person.view.given["title"]["text"] == _REFUSED:
        msg = f"a page is refused: {text_of(person.view)}"
        raise AssertionError(msg)
    return answer


def refused(person: Person) -> str:
    """Submit what is refused, and return what is shown."""
    _answered(person)
    if person.view.given["title"]["text"] != _REFUSED:
        msg = f"a page was expected to be refused: {text_of(person.view)}"
        raise AssertionError(msg)
    return text_of(person.view)


def text_of(view: View) -> str:
    """Return what a modal says first."""
    return next((str(each["text"]["text"]) for each in view.given["blocks"] if each["type"] == "section"), "nothing")


def _answered(person: Person) -> Answer:
    """Submit until the modal shows something else."""
    for _ in range(_TRIES):
        answer = person.submit()
        if answer.said.get("response_action") == "update" and person.view.given["title"]["text"] != _BUSY:
            return answer
        time.sleep(_AGAIN_SECONDS)
    msg = f"a page is not accepted: {answer.status} {answer.body[:300]}"
    raise TimeoutError(msg)
