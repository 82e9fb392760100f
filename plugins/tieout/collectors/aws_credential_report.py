# SPDX-License-Identifier: Apache-2.0
"""Second factors of an AWS account's users, and of its root user, from IAM's credential report."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from tieout.collectors.aws import Account, AwsParameters, at
from tieout.collectors.aws_iam import ROOT, User, as_reported, credential_report, users
from tieout.collectors.evidence_columns import CHECK
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import SecondCountClass
from tieout.collectors.row_tables import Row, row_tables
from tieout.times import instant

BLIND_SPOTS = (
    "People who sign in through an identity provider have no user here; their factors are shown there.",
    "What a factor is, and whether it can be phished, is not in the report.",
    "Users without a password sign in to no console; what their access keys can do is not shown here.",
)


class Parameters(AwsParameters):
    """Parameters of the system's YAML."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Yield a row for each user with a password, and two for the root user: its factor, and that it has no access key.

    Raises:
        ExtractionRefused: As `Frame.as_of_the_end`.
        ConfigurationError: As `Account`; `SourceUnavailable` and `ContractError` as `credential_report` and `as_reported`.
    """
    as_of = frame.as_of_the_end()
    account = Account(frame, frame.parameters(Parameters))
    report, listed = credential_report(account), users(account)
    expected = as_reported(account, report, listed)
    made = f"The report was made {instant(report.made_at)} and read {instant(frame.clock())}; rows stand for the window's end."
    query = "iam generate_credential_report; iam get_credential_report; iam list_users"
    account.state("IAM", query, (*BLIND_SPOTS, made))
    rows: list[Row] = []
    for line in report.lines:
        user = listed.get(line["arn"])
        if line["user"] == ROOT:
            rows += _root_rows(line, account.id, instant(as_of))
        elif at(line["user_creation_time"]) > as_of:
            frame.drop("created after the window's end", [_key(user)])
        elif line["password_enabled"] != "true":  # noqa: S105 (the name of a column)
            frame.drop("a user without a password: it signs in to no console", [_key(user)])
        else:
            rows.append(_row("mfa", _key(user), "true", line["mfa_active"], instant(as_of)))
    yield from row_tables(rows, CHECK)
    account.counted(
        len(report.lines) + 1,
        "lines of the credential report, and a second check of the root user",
        expected + 2,
        "users that iam list_users lists, created before the report was made; and two checks of the root user",
        SecondCountClass.OTHER_ENDPOINT,
    )


def _key(user: User | None) -> str:
    return user.id if user else "unknown"


def _root_rows(line: dict[str, str], account: str, as_of: str) -> list[Row]:
    keys = sum(line[f"access_key_{number}_active"] == "true" for number in (1, 2))
    # Where an organisation has removed the root user's password, nobody signs in with it.
    factor = "true" if line["password_enabled"].lower() == "false" else line["mfa_active"]
    return [
        _row("mfa", f"root of {account}", "true", factor, as_of),
        _row("access_keys", f"root of {account}", "0", str(keys), as_of),
    ]


def _row(setting: str, resource: str, expected: str, observed: str, as_of: str) -> Row:
    row = dict.fromkeys(CHECK) | {"check_id": f"{setting} {as_of}", "resource": resource, "setting": setting}
    return row | {"checked_at": as_of, "expected": expected, "observed": observed, "compliant": observed == expected}
