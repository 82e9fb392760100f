# SPDX-License-Identifier: Apache-2.0
"""Calls to AWS through boto3: asked again where that can help, in full or not at all, each refusal with its cure.

boto3 asks again as its client is configured. What it gives up on is asked `TRIES` times by us, an extraction waits
`patience.MAX_WAIT_SECONDS` at most. An answer that names what it left out is no answer: it is asked for again, and never read
in part.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from tieout.collectors.aws_errors import cure, iam_action, is_worth_asking_again
from tieout.collectors.frame import Frame
from tieout.collectors.patience import Patience
from tieout.errors import ConfigurationError, ContractError, SourceUnavailable
from tieout.times import instant

TRIES = 5
LEFT_OUT = (
    "UnprocessedKeys",
    "UnprocessedAccounts",
    "UnprocessedFindings",
    "UnprocessedResources",
    "unprocessedResourceKeys",
    "unprocessedResourceIdentifiers",
    "FailedEntries",
    "FailedAccounts",
    "failedAccounts",
)
"""Where batch answers name what they left out."""


def nothing_missing(_answer: Mapping[str, Any]) -> int:
    """Return how much of what was asked for an answer leaves out: nothing."""
    return 0


@dataclass(frozen=True)
class Call:
    """One operation of a service in a region.

    Attributes:
        service: As boto3 names it.
        operation: As boto3 names it: ``list_findings``.
        region: ``None`` is the connection's own.
        arguments: Of the operation; never a secret.
        missing: Returns how much of what was asked for an answer leaves out.
        absent: Error codes that are answers too: what was asked for is not there.
    """

    service: str
    operation: str
    region: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    missing: Callable[[Mapping[str, Any]], int] = nothing_missing
    absent: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """What errors and pages call it."""
        return f"{self.service} {self.operation}" + (f" in {self.region}" if self.region else "")


class Caller:
    """Sends calls, one after the other.

    Args:
        frame: The extraction's frame.
        connection: Airflow Connection of type ``aws``.
    """

    def __init__(self, frame: Frame, connection: str) -> None:
        self._frame, self._connection = frame, connection
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._patience = Patience(frame)
        self.pace = 0.0
        """Seconds between two requests, for services that allow few."""

    def pages(self, call: Call) -> Iterator[dict[str, Any] | None]:
        """Send a call, page by page where the service pages; an answer that is absent is ``None``.

        Raises:
            ConfigurationError: AWS refuses the credential, the right, the region or the arguments.
            ContractError: The same page comes again, or an answer leaves out the same at every asking.
            SourceUnavailable: AWS limits, or does not answer, for longer than one extraction waits.
        """
        from botocore.exceptions import PaginationError
        from botocore.paginate import Paginator

        client = self._client(call)
        name = client.meta.method_to_api_mapping[call.operation]
        if not client.can_paginate(call.operation):
            yield self._answered(client, call, dict(call.arguments))
            return
        config = _paging(call.service).get_paginator(name)
        model = client.meta.service_model.operation_model(name)
        paginator = Paginator(lambda **given: self._answered(client, call, given), config, model)
        try:
            for page in paginator.paginate(**call.arguments):
                yield page or None
        except PaginationError:
            msg = f"{call.name}: the service names the same further page twice: its paging does not end. Nothing lands."
            raise ContractError(msg) from None

    def _client(self, call: Call) -> Any:
        from botocore.exceptions import BotoCoreError

        key = (call.service, call.region)
        if key not in self._clients:
            try:
                client = self._frame.reach.aws(self._connection, *key)
            except BotoCoreError as error:
                cure = f"Put region and credential into Airflow Connection {self._connection!r}"
                msg = (
                    f"{call.name}: boto3 makes no client ({type(error).__name__}). {cure}, or name regions in the control's YAML."
                )
                raise ConfigurationError(msg) from None
            client.meta.events.register("before-parse", _refuse_broken, unique_id="tieout-whole-answers")
            self._clients[key] = client
        return self._clients[key]

    def _answered(self, client: Any, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError
        from botocore.parsers import ResponseParserError

        for tries in range(1, TRIES + 1):
            if self.pace:
                self._frame.sleep(self.pace)
            try:
                answer: dict[str, Any] = getattr(client, call.operation)(**given)
            except ClientError as error:
                self._note_retries(error.response)
                code, status = error.response["Error"].get("Code", ""), _status(error.response)
                if code in call.absent:
                    return {}
                if not is_worth_asking_again(code, status):
                    self._keep(error.response)
                    raise ConfigurationError(self._refusal(call, client, code, status)) from None
                self._wait(tries, f"{code or 'an error'} (HTTP {status})", call, error.response)
                continue
            except (ConnectionError, HTTPClientError, ResponseParserError) as error:
                self._wait(tries, f"no answer that can be read ({type(error).__name__})", call)
                continue
            except BotoCoreError as error:
                msg = (
                    f"{call.name}: boto3 does not send it ({type(error).__name__}): check Airflow Connection {self._connection!r}"
                )
                raise ConfigurationError(msg) from None
            self._note_retries(answer)
            missing = call.missing(answer) + sum(len(answer.get(name) or ()) for name in LEFT_OUT)
            if not missing:
                return answer
            if tries == TRIES:
                self._keep(answer)
                msg = f"{call.name}: {missing} of what was asked for did not come, {TRIES} times. Nothing lands of a part."
                raise ContractError(msg)
            self._wait(tries, "an answer that leaves out part of what was asked for", call)
        msg = f"{call.name}: no usable answer."  # not reached: the last wait raises
        raise SourceUnavailable(msg)

    def _wait(self, tries: int, answer: str, call: Call, body: Mapping[str, Any] | None = None) -> None:
        seconds = float(2**tries)
        if tries == TRIES or self._patience.is_too_long(seconds):
            self._frame.asked_again(answer, 0)
            if body is not None:
                self._keep(body)
            why = f"{tries} times" if tries == TRIES else f"and waited {self._patience.waited:.0f} s already"
            msg = f"{call.name}: expected an answer, got {answer}, {why}. Nothing lands; run the window again when AWS answers."
            raise SourceUnavailable(msg)
        self._patience.wait(seconds, answer)

    def _note_retries(self, answer: Mapping[str, Any]) -> None:
        for _ in range(answer.get("ResponseMetadata", {}).get("RetryAttempts", 0)):
            self._frame.asked_again("an answer for which boto3 asked again, with waits of its own", 0)

    def _keep(self, answer: Mapping[str, Any]) -> None:
        self._frame.capture(iter([received(answer)]), ".json", "application/json")

    def _refusal(self, call: Call, client: Any, code: str, status: int) -> str:
        action = iam_action(client.meta.service_model.signing_name, client.meta.method_to_api_mapping[call.operation])
        what = cure(code, self._connection, action, regional=call.service not in ("iam", "sts"))
        return f"{call.name}: expected an answer, got {code} (HTTP {status}): {what}. Nothing lands; the answer is kept."


def _refuse_broken(operation_model: Any, response_dict: Mapping[str, Any], **_: Any) -> None:
    """Refuse an answer that is cut off or no JSON: botocore would take it for one in which nothing is.

    Raises:
        ResponseParserError: It is.
    """
    from botocore.parsers import ResponseParserError

    body, headers = response_dict["body"], response_dict["headers"]
    if response_dict["status_code"] >= 300 or not isinstance(body, bytes):
        return
    stated = headers.get("content-length")
    if stated is not None and "content-encoding" not in headers and len(body) != int(stated):
        raise ResponseParserError("cut off")
    if operation_model.service_model.resolved_protocol in ("json", "rest-json"):
        try:
            json.loads(body)
        except ValueError:
            raise ResponseParserError("no JSON") from None


@cache
def _paging(service: str) -> Any:
    """Return botocore's description of how a service pages."""
    from botocore.session import get_session

    return get_session().get_paginator_model(service)


def received(answer: Mapping[str, Any] | None) -> bytes:
    """Return an answer as JSON: what boto3 read, of its metadata the id of the request alone."""
    if answer is None:
        return b"null"
    body = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    request_id = answer.get("ResponseMetadata", {}).get("RequestId")
    return json.dumps({**body, "RequestId": request_id}, ensure_ascii=False, default=as_text).encode()


def as_text(value: Any) -> str:
    """Return a value that JSON lacks as text: a time as UTC, bytes as the UTF-8 text that they are, else as base64."""
    if isinstance(value, datetime):
        return instant(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    msg = f"expected what boto3 answers, got {type(value).__name__}"
    raise TypeError(msg)


def _status(answer: Mapping[str, Any]) -> int:
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
