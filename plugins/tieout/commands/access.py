# SPDX-License-Identifier: Apache-2.0
"""``tieout access``: grants of auditors' access, a role's policy for one, and what was used of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tieout.commands.common import printable
from tieout.settings import from_environment

if TYPE_CHECKING:
    from tieout.criteria.auditor_access import Grant


@click.group()
def access() -> None:
    """Auditors' access: who may read which evidence until when, and what was used of it."""


@access.command()
def grants() -> None:
    """Print the grants of include/criteria/auditor_access.yaml, and which are in force now."""
    from zoneinfo import ZoneInfo

    from tieout.criteria.scope import time_zone_of

    settings = from_environment()
    zone, now = ZoneInfo(time_zone_of(settings.scope_file)), datetime.now(UTC)
    for grant in _grants():
        days = f"{grant.from_} to {grant.until}"
        reads = ", ".join(grant.periods) if grant.role == "auditor" else f"{len(grant.documents)} documents, after the NDA"
        click.echo(f"{grant.standing(now, zone):<17}  {days}  {grant.id}  {grant.role}  {printable(grant.person)}  {reads}")


@access.command()
@click.argument("grant")
@click.option("--bucket", help="Evidence bucket; default: TIEOUT_EVIDENCE_BUCKET.")
@click.option("--partition", type=click.Choice(["aws", "aws-cn", "aws-us-gov"]), default="aws", show_default=True)
@click.option("--kms-key", help="ARN of the KMS key that encrypts evidence; default: TIEOUT_SSE_KEY_ID where that is one.")
@click.option(
    "--all-names", is_flag=True, help="Let every key be listed, as `tieout verify` of a bucket needs; bytes stay apart."
)
def policy(grant: str, bucket: str | None, partition: str, kms_key: str | None, *, all_names: bool) -> None:
    """Print the IAM policy of a role that reads by a grant: its periods, from its first day through its last.

    Attach it to a role of the auditor's own, as the only policy that it has. Nothing is asked of AWS.
    """
    from zoneinfo import ZoneInfo

    from tieout.audit.access_policy import access_policy
    from tieout.criteria.auditor_access import Force
    from tieout.criteria.scope import time_zone_of

    settings = from_environment()
    named = settings.sse_key_id if settings.sse == "aws:kms" and settings.sse_key_id.startswith("arn:") else ""
    found, zone = _grant(grant), ZoneInfo(time_zone_of(settings.scope_file))
    key, name = kms_key or named, bucket or settings.evidence_bucket
    document = access_policy(found, name, zone, sse_key=key, partition=partition, all_names=all_names)
    click.echo(json.dumps(document, indent=1))
    if (force := found.standing(datetime.now(UTC), zone)) is not Force.IN_FORCE:
        _note(f"grant {found.id} is {force}: by this policy nothing is read now.")
    if found.nda:
        _note(f"grant {found.id} names an NDA, which IAM does not know: attach this once `tieout access list` shows it accepted.")
    if settings.sse == "aws:kms" and not key:
        _note("evidence is encrypted with a KMS key, and nothing here lets the role use one: give --kms-key its ARN.")
    if key:
        _note("the key's own policy has to let the role decrypt too: a role's policy alone is not enough.")


def _grants() -> tuple[Grant, ...]:
    from tieout.criteria.auditor_access import load_grants

    return load_grants(from_environment().criteria_folder)


def _grant(name: str) -> Grant:
    from tieout.documents import did_you_mean
    from tieout.errors import ConfigurationError

    found = {each.id: each for each in _grants()}
    if name not in found:
        hint = did_you_mean(name, found) or f"Grants there: {', '.join(found) or 'none'}."
        msg = f"grant {name!r}: not in include/criteria/auditor_access.yaml. {hint}"
        raise ConfigurationError(msg)
    return found[name]


def _note(text: str) -> None:
    click.echo(printable(f"note: {text}"), err=True)
