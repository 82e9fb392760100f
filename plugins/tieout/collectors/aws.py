# SPDX-License-Identifier: Apache-2.0
"""An AWS account as a source: who reads it, from which regions, and every answer kept before a row is read from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import jmespath

from tieout.collectors.aws_calls import Call, Caller, as_text, received
from tieout.collectors.bundles import kept_together
from tieout.collectors.frame import Frame
from tieout.collectors.http_waits import source_time
from tieout.collectors.ipe import ClockOffset, Count, SecondCount, SecondCountClass, SourceStatement
from tieout.documents import Document
from tieout.errors import ConfigurationError, ExtractionRefused
from tieout.times import instant, parse_instant

T = TypeVar("T")
WRITES = ("iam:CreateUser", "iam:AttachUserPolicy", "iam:PassRole", "s3:PutObject", "s3:DeleteObject", "ec2:TerminateInstances")
"""Actions that a credential which can only read lacks; AWS is asked whether it has one."""


class AwsParameters(Document):
    """What every source that is an AWS service takes."""

    connection: str = "aws"
    """Airflow Connection of type ``aws``."""
    regions: tuple[str, ...] = ()
    """Regions to read; without any, each that is enabled for the account."""


class Account:
    """The account of a connection.

    Args:
        frame: The extraction's frame.
        parameters: Connection and regions.

    Raises:
        ConfigurationError: As `Caller.pages`, as does `SourceUnavailable`.
    """

    def __init__(self, frame: Frame, parameters: AwsParameters) -> None:
        self.frame = frame
        self.caller = Caller(frame, parameters.connection)
        self.home = parameters.regions[0] if parameters.regions else None
        self.id, self._identity = self.named(Call("sts", "get_caller_identity", self.home), "[Account, Arn]")
        self.partition = self._identity.split(":")[1]
        """``aws``, or that of China or of a government."""
        self.regions = parameters.regions or tuple(
            sorted(each["RegionName"] for each in self.one(Call("ec2", "describe_regions"))["Regions"])
        )

    # -- asking

    def read(self, calls: Iterable[tuple[T, Call]]) -> Iterator[tuple[T, Any]]:
        """Send calls, keep their answers together, and yield each page as captured, with what its call was about.

        An answer that is absent (`Call.absent`) is ``None``. Raises as `Caller.pages`; what came until then is kept.
        """
        return kept_together(
            self.frame, ((each, _line(call), received(page)) for each, call in calls for page in self._pages(call))
        )

    def one(self, call: Call) -> Any:
        """Return the one answer to a call that is not paged, as captured."""
        return next(answer for _, answer in self.read([(None, call)]))

    def all(self, call: Call, expression: str) -> Iterator[Any]:
        """Yield what a JMESPath expression finds in each page as captured, item by item."""
        yield from self.each([(None, call)], expression)

    def each(self, calls: Iterable[tuple[Any, Call]], expression: str) -> Iterator[Any]:
        """Yield what an expression finds in the pages of several calls, item by item."""
        found = jmespath.compile(expression)
        for _, answer in self.read(calls):
            yield from found.search(answer) or ()

    def named(self, call: Call, expression: str) -> list[str]:
        """Return names to ask for next, as AWS knows them; they are sent back, and never become a row."""
        found = jmespath.compile(expression)
        kept = kept_together(self.frame, ((page, _line(call), received(page)) for page in self._pages(call)))
        return [name for page, _ in kept for name in found.search(page or {}) or ()]

    def count(self, calls: Iterable[tuple[Any, Call]], expression: str) -> int:
        """Return how many items an expression finds in the answers."""
        return sum(1 for _ in self.each(calls, expression))

    # -- stating

    def refuse_older(self, days: int, what: str) -> None:
        """Refuse a window that began before what AWS still keeps.

        Raises:
            ExtractionRefused: It did.
        """
        kept_since = self.frame.clock() - timedelta(days=days)
        if self.frame.window.start < kept_since:
            msg = (
                f"window {self.frame.window.key!r}: began {instant(self.frame.window.start)}, and {what} {days} days: that "
                f"reaches back to {instant(kept_since)}. A part is no population; the window stays on record as not extracted."
            )
            raise ExtractionRefused(msg)

    def state(self, services: str, query: str, blind_spots: tuple[str, ...], **parameters: object) -> None:
        """State the source: services and operations, what was bound, and what it can not show."""
        self.frame.state(
            SourceStatement(
                kind="AWS API, through boto3",
                location=f"AWS account {self.id}, {services}, {', '.join(self.regions)}",
                account=self.id,
                query=query,
                parameters={name: str(value) for name, value in parameters.items()},
                credential=self.frame.as_captured(self._identity),
                read_only_proof=self._read_only(),
                blind_spots=blind_spots,
            )
        )

    def drop(self, reason: str, keys: Sequence[str]) -> None:
        """State rows that are left out on purpose, where there are any."""
        if keys:
            self.frame.drop(reason, keys)

    def counted(self, rows: int, how: str, second: int, second_how: str, independence: SecondCountClass) -> None:
        """State both counts."""
        self.frame.count(Count(rows, how), SecondCount(second, second_how, independence))

    def _read_only(self) -> str:
        """Return what IAM says of the credential's rights to write; IAM itself decides whether it may be asked."""
        source = _principal(self._identity)
        call = Call("iam", "simulate_principal_policy", self.home, {"PolicySourceArn": source, "ActionNames": list(WRITES)})
        try:
            found = list(self.all(call, "EvaluationResults[]"))
        except ConfigurationError:
            return "none: the credential may not ask (iam:SimulatePrincipalPolicy), or is none that IAM can simulate"
        allowed = [each["EvalActionName"] for each in found if each["EvalDecision"] == "allowed"]
        if allowed:
            return f"none: it could write: iam simulate_principal_policy allows {', '.join(allowed)}"
        asked = ", ".join(WRITES)
        return f"iam simulate_principal_policy allows none of {asked}; actions that were not asked about are not shown"

    def _pages(self, call: Call) -> Iterator[dict[str, Any] | None]:
        for page in self.caller.pages(call):
            stated = source_time((page or {}).get("ResponseMetadata", {}).get("HTTPHeaders", {}))
            if stated and self.frame.clock_offset is None:
                seconds = (stated - self.frame.clock()).total_seconds() + 0.5  # the header has whole seconds
                self.frame.clock_offset = ClockOffset(seconds, "Date header of the first answer, to about a second")
            yield page


def person(name: str | None) -> str | None:
    """Return who a user or a session is: the last part of an ARN, or a name as it stands."""
    return name.rpartition("/")[2] if name and name.startswith("arn:") else name


def at(text: str) -> datetime:
    """Return the time that a captured answer states."""
    return parse_instant(text)


def _line(call: Call) -> str:
    given = json.dumps(dict(call.arguments), ensure_ascii=False, default=as_text, sort_keys=True)
    return f"{call.name} {given}"


def _principal(arn: str) -> str:
    """Return the identity whose policies count: of a session, the role that it is one of."""
    if ":assumed-role/" not in arn:
        return arn
    head, role, *_ = arn.split("/")
    return f"{head.replace(':sts:', ':iam:').removesuffix(':assumed-role')}:role/{role}"
