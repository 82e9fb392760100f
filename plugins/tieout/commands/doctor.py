# SPDX-License-Identifier: Apache-2.0
"""``tieout doctor``: is a real bucket, with its keys and roles, as strong as the design says?"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from tieout.commands.common import bucket_options, printable
from tieout.errors import ConfigurationError
from tieout.settings import Settings, from_environment

if TYPE_CHECKING:
    from tieout.evidence.doctor import Clients, Report, Target

_WIDTH = 62
"""Longer texts push what follows to the right, so that every check stays on one line."""


@click.command()
@bucket_options
@click.option("--staging-bucket", help="Default: the stack's, or TIEOUT_STAGING_BUCKET.")
@click.option("--drop-bucket", help="The auditor's drop box; default: the stack's.")
@click.option("--identity-bucket", help="Default: the stack's, or TIEOUT_IDENTITY_BUCKET.")
@click.option("--stack", help="CloudFormation stack whose outputs name buckets, keys, roles and trail.")
@click.option("--sse-key-arn", help="Key that evidence is encrypted with; default: the stack's, or TIEOUT_SSE_KEY_ID.")
@click.option("--landing-key-arn", help="Default: the stack's, or TIEOUT_LANDING_KEY where it is in KMS.")
@click.option("--response-key-arn", help="Default: the stack's.")
@click.option("--digest-key-arn", help="Default: the stack's, or TIEOUT_DIGEST_KEY where it is in KMS.")
@click.option("--probe", is_flag=True, help="Also try what has to be refused, in forms that leave nothing behind.")
@click.option("--campaigns", is_flag=True, help="Also check what people answer with: keys, Airflow's connections, Slack, menu.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
def doctor(
    bucket: str | None,
    endpoint_url: str | None,
    staging_bucket: str | None,
    drop_bucket: str | None,
    identity_bucket: str | None,
    stack: str | None,
    sse_key_arn: str | None,
    landing_key_arn: str | None,
    response_key_arn: str | None,
    digest_key_arn: str | None,
    *,
    probe: bool,
    campaigns: bool,
    as_json: bool,
) -> None:
    """Check bucket, keys, roles and access record against what evidence needs, one line per check.

    It reads, as whoever the AWS credential chain says; an administrator sees most. With --probe it also tries, which says most
    with the writer's credentials. With --campaigns it also looks with Airflow's eyes: run that where the api-server runs. Exit
    code 0 only if every check is as expected: one that could not be made is not.
    """
    from tieout.commands.doctor_campaigns import campaign_checks
    from tieout.evidence.doctor import Target, examine
    from tieout.evidence.doctor.probes import NOT_TRIED, run_probes
    from tieout.evidence.store import S3Store

    settings = from_environment()
    endpoint = endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3")
    keys = {"encryption": sse_key_arn, "landing": landing_key_arn, "response": response_key_arn, "digest": digest_key_arn}
    given = Target(
        bucket=bucket or "",
        staging_bucket=staging_bucket,
        drop_bucket=drop_bucket,
        identity_bucket=identity_bucket,
        keys={name: arn for name, arn in keys.items() if arn},
    )
    target = _target(given, _outputs(stack, endpoint) if stack else {}, settings)
    report = examine(clients := _clients(endpoint), target, settings, _clock)
    if probe:
        probed = run_probes(clients, target, settings, _clock())
        report = replace(report, checks=(*report.checks, *probed), not_tried=NOT_TRIED)
    if campaigns:
        store = S3Store(clients.s3, target.bucket)
        report = replace(report, checks=(*report.checks, *campaign_checks(settings, store, _clock())))
    click.echo(json.dumps(report.as_document(), indent=1) if as_json else as_text(report))
    sys.exit(0 if report.all_as_expected else 1)


def _clock() -> datetime:
    return datetime.now(UTC)


def _target(given: Target, outputs: dict[str, str], settings: Settings) -> Target:
    """Return what is examined: options first, then the stack, then the settings."""
    from tieout.evidence.doctor import target_from_outputs

    target = target_from_outputs(outputs, given)
    names = {"encryption": settings.sse_key_id, "identity": settings.identity_sse_key_id}
    names |= {name: getattr(settings, f"{name}_key").removeprefix("awskms:") for name in ("landing", "digest")}
    known = {name: value for name, value in names.items() if value.startswith("arn:")}
    return replace(
        target,
        bucket=target.bucket or settings.evidence_bucket,
        staging_bucket=target.staging_bucket or settings.staging_bucket,
        identity_bucket=target.identity_bucket or settings.identity_bucket or None,
        keys={**known, **target.keys},
    )


def _clients(endpoint: str | None) -> Clients:
    from tieout.evidence.doctor import Clients
    from tieout.evidence.store import client_from_environment

    names = ("kms", "iam", "cloudtrail", "sts")
    return Clients(s3=client_from_environment(endpoint), **{name: _client(name, endpoint) for name in names})


def _client(service: str, endpoint: str | None) -> Any:
    """Return a client that asks where S3 is, if that is not AWS and no ``AWS_ENDPOINT_URL`` says where the service is."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import NoRegionError

    host = urlsplit(endpoint or "").hostname or ""
    told = any(os.environ.get(name) for name in (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL"))
    beside = endpoint if endpoint and not told and not host.endswith((".amazonaws.com", ".amazonaws.com.cn")) else None
    config = Config(connect_timeout=3, read_timeout=15, retries={"mode": "standard", "max_attempts": 2})
    region = os.environ.get("AWS_REGION") or None
    try:
        return boto3.client(service, endpoint_url=beside, region_name=region, config=config)
    except NoRegionError as error:
        msg = "AWS_REGION: expected the region of the bucket's keys, got nothing. Set it."
        raise ConfigurationError(msg) from error


def _outputs(stack: str, endpoint: str | None) -> dict[str, str]:
    """Return a stack's outputs.

    Raises:
        ConfigurationError: There is no such stack, or this identity may not see it.
    """
    from tieout.evidence.doctor.attempt import attempt

    described = attempt(_client("cloudformation", endpoint).describe_stacks, StackName=stack)
    if described.code is not None:
        msg = f"--stack {stack}: CloudFormation did not tell its outputs ({described.code}). Check name, region and identity."
        raise ConfigurationError(msg)
    outputs = described.answer["Stacks"][0].get("Outputs", [])
    return {output["OutputKey"]: output["OutputValue"] for output in outputs}


def as_text(report: Report) -> str:
    """Return a report as text: who looked at what, a line per check, what was not tried, and how many are as expected."""
    from tieout.evidence.doctor import Outcome

    lines = [f"{label:<10}  {value}" for label, value in report.subject]
    head = ("outcome", "check", "expected", "found")
    rows = [head, *((check.outcome.value, check.name, check.expected, check.found) for check in report.checks)]
    widths = [min(_WIDTH, max(len(row[column]) for row in rows)) for column in range(3)]
    lines.append("")
    lines += ["  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[3]]) for row in rows]
    lines.append("")
    lines += [f"not tried: {what}" for what in report.not_tried]
    lines.append(", ".join(f"{report.count(outcome)} {outcome}" for outcome in Outcome))
    return "\n".join(printable(line) for line in lines)
