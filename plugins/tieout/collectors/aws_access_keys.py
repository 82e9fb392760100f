# SPDX-License-Identifier: Apache-2.0
"""Age and last use of the access keys of an AWS account's users."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
from pydantic import Field

from tieout.collectors.aws import Account, AwsParameters, at
from tieout.collectors.aws_calls import Call
from tieout.collectors.aws_iam import ROOT, CredentialReport, as_reported, credential_report, users
from tieout.collectors.evidence_columns import CHECK
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import SecondCountClass
from tieout.collectors.row_tables import Row, row_tables
from tieout.times import instant

BLIND_SPOTS = (
    "Access keys of the root user can not be listed: the credential report shows that it has none.",
    "Sessions, SSH keys, service-specific credentials and certificates are no access keys and are not shown.",
    "AWS tells of a key only its last use, in one region and service; a use of the last hours may be missing.",
)


class Parameters(AwsParameters):
    """Parameters of the system's YAML."""

    max_days: int = Field(ge=1)
    """Oldest that an active key may be, in days."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Yield a row for each active key of each user, judged as of the window's end.

    Raises:
        ExtractionRefused: As `Frame.as_of_the_end`.
        ConfigurationError: As `Account`; `SourceUnavailable` and `ContractError` as `credential_report` and `as_reported`.
    """
    given, as_of = frame.parameters(Parameters), frame.as_of_the_end()
    account = Account(frame, given)
    report = credential_report(account)
    as_reported(account, report, users(account))
    read = f"Keys were read {instant(frame.clock())}; rows stand for the window's end."
    query = "iam list_users; for each iam list_access_keys; for each active key iam get_access_key_last_used"
    account.state("IAM", query, (*BLIND_SPOTS, read), max_days=given.max_days)
    names = account.named(Call("iam", "list_users", account.home), "Users[].UserName")
    calls = ((name, Call("iam", "list_access_keys", account.home, {"UserName": name})) for name in names)
    keys = list(account.each(calls, "AccessKeyMetadata[]"))
    active = [key for key in keys if key["Status"] == "Active" and at(key["CreateDate"]) <= as_of]
    account.drop("inactive at the time of reading", [key["AccessKeyId"] for key in keys if key["Status"] != "Active"])
    later = [key["AccessKeyId"] for key in keys if key["Status"] == "Active" and at(key["CreateDate"]) > as_of]
    account.drop("created after the window's end", later)
    asked = ((key, Call("iam", "get_access_key_last_used", account.home, {"AccessKeyId": key["AccessKeyId"]})) for key in active)
    rows: list[Row] = []
    for key, answer in account.read(asked):
        age, used = (as_of - at(key["CreateDate"])).days, answer["AccessKeyLastUsed"].get("LastUsedDate")
        row = dict.fromkeys(CHECK) | {"check_id": f"access_key_age {instant(as_of)}", "resource": key["AccessKeyId"]}
        row |= {"setting": "access_key_age", "checked_at": instant(as_of), "expected": f"at most {given.max_days} days"}
        rows.append(row | {"observed": f"{age} days; last used: {used or 'never'}", "compliant": age <= given.max_days})
    yield from row_tables(rows, CHECK)
    new = sum(at(key["CreateDate"]) > report.made_at for key in keys)
    how = f"keys in IAM's credential report of {instant(report.made_at)}, and {new} that are newer than it"
    account.counted(
        len(keys), "iam list_access_keys of every user", _reported(report) + new, how, SecondCountClass.OTHER_ENDPOINT
    )


def _reported(report: CredentialReport) -> int:
    """Return how many keys of users a report holds, active or not: a key that is there was created some time."""
    lines = [line for line in report.lines if line["user"] != ROOT]
    return sum(line[f"access_key_{number}_last_rotated"] not in ("N/A", "") for line in lines for number in (1, 2))
