# SPDX-License-Identifier: Apache-2.0
"""What IAM says of an account's users: the credential report, generated and read once, and the list of users."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime

from tieout.collectors.aws import Account, at
from tieout.collectors.aws_calls import Call
from tieout.errors import ContractError, SourceUnavailable

ROOT = "<root_account>"
_POLLS, _POLL_SECONDS = 20, 3.0


@dataclass(frozen=True, slots=True)
class CredentialReport:
    """AWS's report on the credentials of all users: its lines by column, and when AWS made it."""

    lines: tuple[dict[str, str], ...]
    made_at: datetime


@dataclass(frozen=True, slots=True)
class User:
    """A user as IAM lists it; ``id`` is unique for ever and names nobody."""

    id: str
    arn: str
    created_at: datetime


def credential_report(account: Account) -> CredentialReport:
    """Have the report made, and return it; AWS makes one at most every four hours, and gives the last one until then.

    Raises:
        SourceUnavailable: It is not made within a minute.
        ContractError: It is not the report that AWS describes.
    """
    for _ in range(_POLLS):
        if account.one(Call("iam", "generate_credential_report", account.home))["State"] == "COMPLETE":
            break
        account.frame.sleep(_POLL_SECONDS)
    else:
        msg = f"AWS account {account.id}: no credential report after {_POLLS * _POLL_SECONDS:.0f} s. Run the window again."
        raise SourceUnavailable(msg)
    answer = account.one(Call("iam", "get_credential_report", account.home))
    lines = tuple(csv.DictReader(io.StringIO(answer["Content"])))
    if sum(line.get("user") == ROOT for line in lines) != 1 or any(None in line.values() for line in lines):
        msg = f"AWS account {account.id}: expected a credential report with a line for the root user, got none. Nothing lands."
        raise ContractError(msg)
    return CredentialReport(lines, at(answer["GeneratedTime"]))


def users(account: Account) -> dict[str, User]:
    """Return the users that IAM lists, by ARN."""
    found = account.all(Call("iam", "list_users", account.home), "Users[]")
    return {each["Arn"]: User(each["UserId"], each["Arn"], at(each["CreateDate"])) for each in found}


def as_reported(account: Account, report: CredentialReport, listed: dict[str, User]) -> int:
    """Return how many of the listed users the report has to hold: those who were there when it was made.

    Raises:
        ContractError: A user of the report is not listed: one was deleted meanwhile.
    """
    gone = sum(line["user"] != ROOT and line["arn"] not in listed for line in report.lines)
    if gone:
        msg = (
            f"AWS account {account.id}: {gone} users of the credential report of {report.made_at.isoformat()} are not listed any "
            f"more. Run the window again when AWS makes a new report, four hours after that."
        )
        raise ContractError(msg)
    return sum(user.created_at <= report.made_at for user in listed.values())
