# SPDX-License-Identifier: Apache-2.0
"""Calls to Slack's Web API: the methods and parameters of `tieout.slack.pacing`, paced, waiting where Slack asks, up to a bound.

slack_sdk logs whole bodies at DEBUG, so it gets a logger that says nothing; what went wrong is told by Slack's error code alone.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tieout.desks.desk import Posted
from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.slack.pacing import METHODS, Pace
from tieout.slack.workspace import Workspace

if TYPE_CHECKING:
    from slack_sdk import WebClient

TIMEOUT_SECONDS = 10
"""How long one call may take where nobody waits for it."""
LONGEST_WAIT_SECONDS = 60.0
"""How long a task waits for a place, or for what Slack asks, before it gives up and is retried later."""
_TRIES = 4
_CODE = re.compile(r"[a-z0-9_]{1,60}")
_OURS = frozenset(
    {"access_denied", "account_inactive", "ekm_access_denied", "invalid_auth", "missing_scope", "no_permission",
     "not_allowed_token_type", "not_authed", "team_access_not_granted", "token_expired", "token_revoked"}
)  # fmt: skip
"""Codes that say that our token, not the person, is the trouble."""
_LATER = frozenset({"fatal_error", "internal_error", "ratelimited", "rate_limited", "request_timeout", "service_unavailable"})


def silent_logger() -> logging.Logger:
    """Return a logger outside of all others that passes nothing on, for libraries which log what they send."""
    logger = logging.Logger("tieout.slack.silent", logging.CRITICAL + 1)
    logger.addHandler(logging.NullHandler())
    logger.propagate, logger.disabled = False, True  # Bolt hands the second down to loggers that it makes from this one
    return logger


def web_client(workspace: Workspace, timeout: float = TIMEOUT_SECONDS) -> WebClient:
    """Return slack_sdk's client for a workspace: no retries of its own, and nothing logged."""
    from slack_sdk import WebClient

    seconds: Any = timeout  # it says int, and takes any number
    return WebClient(
        token=workspace.bot_token, base_url=workspace.base_url, proxy=workspace.proxy, timeout=seconds, logger=silent_logger(),
        retry_handlers=[],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answered:
    """What Slack answered: its data, or the code of its error."""

    data: Mapping[str, Any] = field(repr=False)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Why a person can not be written to, as Slack's error code or in our words: the next in order is asked."""

    reason: str


@dataclass
class Sender:
    """Calls Slack for one workspace. Thread-safe.

    Attributes:
        workspace: The workspace.
        pace: Shared by all who call from this process.
        clock: Monotonic seconds.
        sleep: Waits so many seconds.
    """

    workspace: Workspace
    pace: Pace = field(default_factory=Pace)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def call(
        self, method: str, /, *, patience: float = LONGEST_WAIT_SECONDS, timeout: float = TIMEOUT_SECONDS, **parameters: Any
    ) -> Answered:
        """Call a method.

        Args:
            method: One of `METHODS`.
            patience: How many seconds it may wait in all, for its pace and for Slack's limits; 0 where a person waits: it is then
                not paced, and refused only while Slack has asked to wait.
            timeout: How long one call may take; seconds.
            parameters: Of the method; ``None`` is left out.

        Raises:
            ConfigurationError: Slack does not take our token for this.
            SourceUnavailable: It did not answer, or asks to wait longer than we may; run it again.
        """
        known = METHODS[method]
        said = {name: value for name, value in parameters.items() if value is not None}
        if not said.keys() <= known.parameters:
            msg = f"{method}: expected parameters among {sorted(known.parameters)}, got {sorted(said)}"
            raise TypeError(msg)
        give_up = self.clock() + patience
        for _ in range(_TRIES):
            self._wait(method, str(said.get("channel", "")), give_up, paced=patience > 0)
            answered, retry_after = self._once(method, said, timeout, form=known.form)
            if retry_after is None:
                return answered
            self.pace.hold(method, retry_after)
        raise _unavailable(method, "it limits us")

    def _wait(self, method: str, channel: str, give_up: float, *, paced: bool) -> None:
        wait = self.pace.reserve(method, channel) if paced else self.pace.held(method)
        if wait > max(0.0, give_up - self.clock()):
            raise _unavailable(method, f"it asks to wait {wait:.0f} s, or is called faster than it takes")
        if wait > 0:
            self.sleep(wait)

    def _once(self, method: str, said: dict[str, Any], timeout: float, *, form: bool) -> tuple[Answered, float | None]:
        """Call once; returns the answer, and for how long Slack asks to wait where it limits."""
        from slack_sdk.errors import SlackApiError

        client = web_client(self.workspace, timeout)
        try:
            response = client.api_call(method, params=said) if form else client.api_call(method, json=said)
        except SlackApiError as error:
            return self._failed(method, error.response)
        except Exception as error:  # the connection's; its text may quote an address with what was asked
            raise _unavailable(method, type(error).__name__) from None
        data = response.data
        return Answered(data if isinstance(data, dict) else {}), None

    def _failed(self, method: str, response: Any) -> tuple[Answered, float | None]:
        status, code = int(response.status_code), response.get("error")
        code = code if isinstance(code, str) and _CODE.fullmatch(code) else "unknown_error"
        if status == 429 or code in ("ratelimited", "rate_limited"):
            stated = {name.lower(): value for name, value in response.headers.items()}.get("retry-after", "")
            return Answered({}, code), float(stated) if str(stated).isdigit() else 30.0
        if status >= 500 or code in _LATER:
            raise _unavailable(method, code)
        if code in _OURS:
            msg = f"Slack {method}: expected a token that may do this, got {code}. Install deploy/slack_app_manifest.yaml again."
            raise ConfigurationError(msg)
        return Answered({}, code), None


def _unavailable(method: str, why: str) -> SourceUnavailable:
    return SourceUnavailable(f"Slack {method}: expected an answer, got none: {why}. Run it again later.")


def open_channel(sender: Sender, user: str, **how: float) -> str | Unreachable:
    """Return the channel of direct messages with a member.

    Raises:
        ConfigurationError: As `Sender.call`.
        SourceUnavailable: As `Sender.call`.
    """
    answered = sender.call("conversations.open", users=user, **how)
    if answered.error:
        return Unreachable(answered.error)
    channel = answered.data.get("channel")
    found = channel.get("id") if isinstance(channel, dict) else None
    return found if isinstance(found, str) else Unreachable("no channel")


def post(
    sender: Sender, channel: str, text: str, blocks: list[dict[str, Any]], thread: str | None = None
) -> Posted | Unreachable:
    """Post a message, into a thread where one is named. No link in it is unfolded.

    Raises:
        ConfigurationError: As `Sender.call`.
        SourceUnavailable: As `Sender.call`.
    """
    answered = sender.call(
        "chat.postMessage", channel=channel, text=text, blocks=blocks, thread_ts=thread, unfurl_links=False, unfurl_media=False
    )
    if answered.error:
        return Unreachable(answered.error)
    return Posted(str(answered.data.get("channel")), str(answered.data.get("ts")))
