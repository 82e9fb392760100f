# SPDX-License-Identifier: Apache-2.0
"""``tieout hold on`` and ``tieout hold off``: legal hold over a control's evidence of a period, or over one landing of it."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tieout.commands.common import bucket_options, open_store
from tieout.settings import Settings, from_environment

if TYPE_CHECKING:
    from tieout.evidence.holds import StoredKey
    from tieout.evidence.store import S3Store

_KEYS_PER_RECORD = 20_000
_ALL = "all"
"""Window, or system, of a record that is about every one."""


@click.command()
@click.argument("state", type=click.Choice(["on", "off"]))
@click.option("--period", required=True, help="Observation period.")
@click.option("--control", required=True, help="Control.")
@click.option("--landing", help="Only this landing; default: everything of the control in the period.")
@click.option("--reason", required=True, help="Which matter it is for, and who asked. It stands in the signed record.")
@click.option("--by", default=getpass.getuser, show_default="your login name", help="Who does it.")
@bucket_options
def hold(
    state: str,
    period: str,
    control: str,
    landing: str | None,
    reason: str,
    by: str,
    bucket: str | None,
    endpoint_url: str | None,
) -> None:
    """Put evidence on legal hold, or release it; either leaves a signed record.

    Nobody can delete what is on hold, however long its retention is. What lands later is not held: run it again. It takes an
    identity that may s3:PutObjectLegalHold, and the key of TIEOUT_LANDING_KEY.
    """
    from tieout.evidence.holds import find_objects
    from tieout.evidence.holds import hold as run

    settings, store = from_environment(), open_store(bucket, endpoint_url)
    found = find_objects(store, period, control, landing)
    record = recorder(store, settings, found, on=state == "on", period=period, control=control, landing=landing, by=by)
    run(store, found, state == "on", reason, record)
    done = "on legal hold" if state == "on" else "released"
    click.echo(f"{done}: {len(found)} objects of s3://{store.bucket}, control {control}, period {period}")


def recorder(
    store: S3Store,
    settings: Settings,
    found: Sequence[StoredKey],
    *,
    on: bool,
    period: str,
    control: str,
    landing: str | None,
    by: str,
) -> Callable[[list[str], str], None]:
    """Return what leaves the records of one hold or release.

    Raises:
        ConfigurationError: The key that signs them can not be used.
    """
    from tieout.evidence.keys import load_signer
    from tieout.evidence.landing import retain_until
    from tieout.evidence.layout import MANIFESTS, Place, partition_values
    from tieout.evidence.records import Record, RecordKind, write_record
    from tieout.evidence.store import Retention

    signer = load_signer(settings.landing_key)  # before anything is held: a hold without a record is none
    now = datetime.now(UTC)
    until = retain_until(now, settings.retention_years, settings.retention_cap_years, now)
    retention = Retention(settings.retention_mode, until, settings.sse, settings.sse_key_id)
    # Raw pages name no window; a landing's manifest does.
    windows = [partition_values(key)["window"] for key, _ in found if key.startswith(MANIFESTS)] if landing else []
    place = Place(period, control, windows[0] if windows else _ALL)

    def record(keys: list[str], reason: str) -> None:
        named = set(keys)
        objects = [{"key": key, "version_id": version} for key, version in found if key in named]
        for start in range(0, len(objects), _KEYS_PER_RECORD):
            document = Record(
                place=place,
                kind=RecordKind.HOLD_ON if on else RecordKind.HOLD_OFF,
                system=landing.rpartition("-")[0] if landing else _ALL,
                landing=landing,
                reason=reason,
                by=by,
                at=now,
                facts={"objects": objects[start : start + _KEYS_PER_RECORD], "once": f"{now.isoformat()} {start}"},
            )
            write_record(document, store, signer, retention)

    return record
