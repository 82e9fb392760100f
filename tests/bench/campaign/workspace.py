# SPDX-License-Identifier: Apache-2.0
"""The workspace, in a process of its own: ``python -m tests.bench.campaign.workspace FILE``; FILE then says where its Web API is.

A line on its standard input is an endpoint and a file: everybody who was invited opens the review there, by the button of their
message, and the file gets the modals that they then see. It ends with its standard input.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.bench.campaign.scene import accounts
from tests.simulators.slack import Person, Slack

_AT_A_TIME = 4
_TRIES = 30


def main() -> None:
    """Serve."""
    with Slack(accounts()) as slack:
        write(Path(sys.argv[1]), {"url": slack.base_url})
        for line in sys.stdin:
            asked = json.loads(line)
            write(Path(asked["file"]), opened(slack, asked["url"]))


def opened(slack: Slack, url: str) -> dict[str, Any]:
    """Have everybody open their review; returns the modals, how long the first took, and how long all."""
    began = time.monotonic()
    invited = [each for account in accounts() if (each := Person(slack, url, account.user)).messages]
    _open(invited[0])
    first = time.monotonic() - began
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        list(pool.map(_open, invited[1:]))
    views = {each.user: (each.view.id, json.dumps(each.view.given)) for each in invited}
    return {"views": views, "first": first, "all": time.monotonic() - began, "calls": dict(slack.counts()), "wrong": slack.wrong}


def _open(person: Person) -> None:
    """Press the button until a page is there: an api-server that has just started is late at first, and says so."""
    person.slack.views.open.pop(person.user, None)
    for _ in range(_TRIES):
        person.press_in_message(person.messages[0], "open_review")
        if person.user in person.slack.views.open and person.view.given["callback_id"] == "tieout_page":
            return
        time.sleep(1)
    msg = f"nobody could open a review: {person.answers[-1].status}"
    raise SystemExit(msg)


def write(file: Path, said: Any) -> None:
    """Write a file, whole or not at all."""
    temporary = file.with_suffix(".new")
    temporary.write_text(json.dumps(said))
    temporary.replace(file)


if __name__ == "__main__":
    main()
