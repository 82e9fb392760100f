# SPDX-License-Identifier: Apache-2.0
"""``tieout package``: what an auditor receives for a period, as a ZIP, a folder, or a prefix of a bucket."""

from __future__ import annotations

import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tieout.commands.common import bucket_options, open_store, printable
from tieout.settings import from_environment

if TYPE_CHECKING:
    from tieout.evidence.store import S3Store
    from tieout.package.build import Built, Order
    from tieout.package.targets import Target
    from tieout.settings import Settings

_GIB = 2**30
_SIZE = click.FloatRange(min=0.0001)


@click.command()
@bucket_options
@click.option("--period", "period_id", help="Observation period of a Type 2, by its id in scope.yaml.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day of a Type 1, local to the program.")
@click.option("--to", "target", required=True, help="NAME.zip, a folder that is not there yet, or s3://bucket/prefix.")
@click.option("--digest", type=click.IntRange(min=0), help="Number of the digest that it is as of; default: the last.")
@click.option("--by-reference", is_flag=True, help="Name Parquet parts, raw pages and files, and do not copy them.")
@click.option(
    "--part-size",
    default=4.0,
    show_default=True,
    type=click.FloatRange(min=0.0001),
    help="GiB of a ZIP; more go into NAME.2.zip ...",
)
@click.option(
    "--pbc", "lists", multiple=True, metavar="LIST=FILE", help="The auditor's own file of a request list, to be filled in."
)
@click.option("--root", help="The root key's fingerprint; default: TIEOUT_ROOT_FINGERPRINT.")
@click.option("--no-check", is_flag=True, help="Do not verify what was written.")
def package(
    bucket: str | None,
    endpoint_url: str | None,
    period_id: str | None,
    as_of: datetime | None,
    target: str,
    digest: int | None,
    part_size: float,
    lists: tuple[str, ...],
    root: str | None,
    *,
    by_reference: bool,
    no_check: bool,
) -> None:
    """Make the package of a period: pages, the evidence workbook, populations, and the evidence itself, checkable offline.

    It is made of the bucket as a digest saw it, so that the same digest gives the same package. What was written is verified, and
    the exit code is 0 only if it is intact; a prefix of a bucket is not read again.
    """
    from tieout.flows.status import read_program
    from tieout.package.build import Order
    from tieout.package.facts import chosen_period

    if (period_id is None) == (as_of is None):
        raise click.UsageError("give --period for a Type 2, or --as-of for a Type 1.")
    settings = from_environment()
    root = root or settings.root_fingerprint
    if not root:
        raise click.UsageError(
            "give --root the root key's fingerprint, or set TIEOUT_ROOT_FINGERPRINT: nothing is packaged unchecked."
        )
    period = chosen_period(read_program(settings), period_id, as_of.date() if as_of else None)
    order = Order(period=period, root=root, digest=digest, by_reference=by_reference, request_files=dict(map(_list, lists)))
    with tempfile.TemporaryDirectory(prefix="tieout-") as work:
        written = _target(target, part_size, endpoint_url, Path(work))
        built = _build(settings, open_store(bucket, endpoint_url), order, written)
    for path in built.paths:
        click.echo(printable(path))
    held = built.held
    click.echo(f"{built.landings:,} landings, {built.files:,} pages and tables, {held.objects:,} objects, {held.bytes:,} bytes")
    if held.referred:
        click.echo(f"{held.referred:,} objects, {held.referred_bytes:,} bytes, by reference")
    click.echo(f"as of digest SHA-256 {built.head}")
    if no_check or target.startswith("s3://"):
        click.echo("not verified: run verify_package.py over it")
        return
    sys.exit(_check(built, order))


def _build(settings: Settings, store: S3Store, order: Order, target: Target) -> Built:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    from tieout.package.build import build

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        rows: dict[str, TaskID] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in rows:
                rows[what] = bar.add_task(what, total=total)
            bar.update(rows[what], completed=done, total=total)

        return build(settings, store, order, target, tell)


def _target(target: str, part_size: float, endpoint_url: str | None, work: Path) -> Target:
    from tieout.package.targets import FolderTarget, PrefixTarget, ZipTarget

    if target.startswith("s3://"):
        from tieout.evidence.store import client_from_environment

        bucket, _, prefix = target.removeprefix("s3://").partition("/")
        return PrefixTarget(client_from_environment(endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3")), bucket, prefix, work)
    path = Path(target)
    return ZipTarget(path, int(part_size * _GIB)) if path.suffix == ".zip" else FolderTarget(path)


def _list(text: str) -> tuple[str, Path]:
    name, equals, file = text.partition("=")
    if not equals or not Path(file).is_file():
        raise click.UsageError(f"--pbc {text}: expected LIST=FILE, the name of a list and the auditor's file.")
    return name, Path(file)


def _check(built: Built, order: Order) -> int:
    from tieout.evidence.verify_package import INTACT, verify

    report = verify(
        [Path(each) for each in built.paths], order.root, datetime.now(UTC), built.head, by_reference=order.by_reference
    )
    for line in report.as_text().splitlines()[-8:]:
        click.echo(line)
    return 0 if report.outcome == INTACT else 1
