# SPDX-License-Identifier: Apache-2.0
"""Who has which access in an AWS account as of a window's end: users, roles, and who may use given keys and buckets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa
from pydantic import Field

from tieout.collectors.aws import Account, AwsParameters
from tieout.collectors.aws_access_entries import Holders
from tieout.collectors.aws_access_list import KINDS, bucket_entries, details, key_entries, refuse_changed
from tieout.collectors.evidence_columns import ACCESS
from tieout.collectors.frame import Frame
from tieout.collectors.ipe import SecondCountClass
from tieout.collectors.row_tables import row_tables
from tieout.times import instant

BLIND_SPOTS = (
    "What permission boundaries, service control policies, conditions and denials take away is not worked out.",
    "Policies of the account's own are listed by name; whether they are privileged is not told. Tags say who answers.",
    "People who assume a role through an identity provider are listed there. Only the keys and buckets that are named are read.",
)


class Parameters(AwsParameters):
    """Parameters of the system's YAML."""

    holder_tag: str = "owner"
    """Tag of users and roles that names the person who answers for one; a user's tag ``kind`` says person, service or shared."""
    holders: Mapping[str, str] = Field(default_factory=dict)
    """Who answers for principals that have no tag, by ARN or by the name of a service."""
    keys: tuple[str, ...] = ()
    """ARNs of KMS keys: a row for each principal of their policies and grants."""
    buckets: tuple[str, ...] = ()
    """Names of buckets: a row for each principal of their policies."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Yield an entry for each entitlement; roles of AWS's own services are dropped by key.

    Raises:
        ExtractionRefused: As `Frame.as_of_the_end`.
        ConfigurationError: As `Account`; `ContractError` and `SourceUnavailable` likewise, the latter also as `refuse_changed`.
    """
    given, as_of = frame.parameters(Parameters), frame.as_of_the_end()
    account = Account(frame, given)
    times = {"as_of": instant(as_of), "read_at": instant(frame.clock())}
    query = "iam get_account_authorization_details, get_account_summary; kms get_key_policy, list_grants; s3 get_bucket_policy"
    account.state("IAM, KMS, S3", query, BLIND_SPOTS, keys=given.keys, buckets=given.buckets)
    found = details(account, KINDS)
    refuse_changed(account, found)
    account.drop("a role of AWS's own services", found.own)
    holders = Holders([*found.users, *found.roles], given.holder_tag, given.holders)
    rows = [
        *found.entries(holders, times),
        *key_entries(account, given.keys, holders, times),
        *bucket_entries(account, given.buckets, holders, times),
    ]
    yield from row_tables(rows, ACCESS)
    again = details(account, *([kind] for kind in KINDS))
    more = sum(1 for _ in key_entries(account, given.keys, holders, times))
    more += sum(1 for _ in bucket_entries(account, given.buckets, holders, times))
    second = sum(1 for _ in again.entries(holders, times)) + len(again.own) + more
    how = "entitlements in iam get_account_authorization_details, policies and grants of keys, and policies of buckets"
    account.counted(
        len(rows) + len(found.own), how, second, f"{how}; read again, IAM kind by kind", SecondCountClass.SAME_ENDPOINT
    )
