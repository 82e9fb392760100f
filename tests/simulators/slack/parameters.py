# SPDX-License-Identifier: Apache-2.0
"""What our simulated Slack takes: each method with the parameters that Slack documents for it and that we may use.

A table of our own, so that the tests need no description of Slack's; `tests.integration.test_slack_contract` holds it, and what
is really called, against the one that there is.
"""

from __future__ import annotations

from dataclasses import dataclass

JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Method:
    """A method's parameters: those it needs, those it may have, and what kinds of body it takes."""

    needs: frozenset[str]
    may: frozenset[str] = frozenset()
    bodies: tuple[str, ...] = (JSON, FORM)


def _method(needs: str, may: str = "", *bodies: str) -> Method:
    return Method(frozenset(needs.split()), frozenset(may.split()), bodies or (JSON, FORM))


METHODS = {
    "auth.test": _method(""),
    "chat.postMessage": _method("channel", "text blocks thread_ts unfurl_links unfurl_media mrkdwn reply_broadcast"),
    "chat.update": _method("channel ts", "text blocks"),
    "conversations.open": _method("", "users channel return_im"),
    "users.info": _method("user", "include_locale", FORM),
    "users.list": _method("", "cursor include_locale limit", FORM),
    "users.lookupByEmail": _method("email", "", FORM),
    "views.open": _method("trigger_id view"),
    "views.publish": _method("user_id view", "hash"),
    "views.update": _method("view", "view_id external_id hash"),
}

SOCKET_MODE = {"apps.connections.open": _method("")}
"""Younger than the description that the tests are given; it has no parameters."""
HISTORY = {"conversations.history": _method("channel", "cursor inclusive latest limit oldest", FORM)}
"""Left out of that description; as https://docs.slack.dev/reference/methods/conversations.history has it."""


def problem(method: str, said: dict[str, object], body: str) -> str | None:
    """Return what is wrong with a call; ``None`` where nothing is."""
    known = (METHODS | SOCKET_MODE | HISTORY).get(method)
    if known is None:
        return f"{method}: no such method"
    if body and body not in known.bodies:
        return f"{method}: does not take {body}"
    if missing := sorted(known.needs - said.keys()):
        return f"{method}: without {missing}"
    if unknown := sorted(said.keys() - known.needs - known.may):
        return f"{method}: unknown {unknown}"
    return None
