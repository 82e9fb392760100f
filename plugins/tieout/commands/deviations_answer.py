# SPDX-License-Identifier: Apache-2.0
"""``tieout deviations respond`` and ``accept``: what management says of deviations, as signed responses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from tieout.commands.common import bucket_options
from tieout.commands.deviations import PERIOD, STATES, Reading, deviations, read
from tieout.settings import from_environment

if TYPE_CHECKING:
    from tieout.audit.deviations import Deviation
    from tieout.flows.deviations import Register
    from tieout.flows.deviations_answer import Desk

__all__ = ["deviations"]  # with every command of the group
_KINDS = ("performed-late", "not-performed")
_RESULTS = ("met", "not-met", "not-determinable")
_DAY = click.DateTime(["%Y-%m-%d"])


def _desk(reading: Reading, by: str) -> Desk:
    """Return where responses go; it takes the key of TIEOUT_RESPONSE_KEY."""
    from tieout.evidence.keys import load_signer
    from tieout.flows.deviations_answer import Desk, open_label

    settings, now = from_environment(), reading.register.as_of
    label = open_label(reading.program, reading.register.period, reading.records, now)
    return Desk(settings, reading.store, load_signer(settings.response_key), reading.program, label, by, now)


_TO = (
    click.option("--control", help="With --rule or --kind: the control whose evidence shows them."),
    click.option("--kind", type=click.Choice(_KINDS), help="All events and performances of this kind, of --control."),
    click.option("--rule", help="All that do not meet this rule, of --control."),
)


def _to(command: Any) -> Any:
    for option in _TO:
        command = option(command)
    return click.argument("names", nargs=-1, metavar="[ID]...")(command)


def _meant(register: Register, names: Sequence[str], control: str | None, rule: str | None, kind: str | None) -> list[Deviation]:
    """Return the deviations that a command names: by id, or all of a rule or kind that are in evidence."""
    from tieout.flows.deviations import find_alike, find_deviation

    if sum(map(bool, (names, rule, kind))) != 1 or (names and control):
        raise click.UsageError("give ids, or --control with --rule or --kind.")
    if names:
        return list({each.id: each for name in names for each in [find_deviation(register, name)]}.values())
    if control is None:
        raise click.UsageError("--rule and --kind go with --control.")
    return find_alike(register, control, rule, kind and kind.replace("-", " "))


@deviations.command()
@bucket_options
@PERIOD
@_to
@click.option("--state", type=click.Choice(STATES[1:]), help="What management says; it takes a disposition.")
@click.option("--disposition", help="What management concludes, and does about it.")
@click.option("--root-cause", help="Why it happened.")
@click.option("--compensating-control", help="What kept the risk down meanwhile.")
@click.option("--retest", help="What was looked at again; it takes --retested-on and --retest-result.")
@click.option("--retested-on", type=_DAY, help="When.")
@click.option("--retest-result", type=click.Choice(_RESULTS), help="What came of it.")
@click.option("--owner", help="Role that answers for what is to be done.")
@click.option("--due", type=_DAY, help="Day by which it is to be done.")
@click.option("--against-control", help="Control that it counts against, where that is another one.")
@click.option("--by", required=True, help="Who answers: a role or a person id.")
def respond(
    bucket: str | None,
    endpoint_url: str | None,
    period_id: str | None,
    names: tuple[str, ...],
    control: str | None,
    rule: str | None,
    kind: str | None,
    by: str,
    retest: str | None,
    retested_on: datetime | None,
    retest_result: str | None,
    **fields: Any,
) -> None:
    """Record what management says of deviations. What is left out stays as it was; the count stays in any case.

    It takes the key of TIEOUT_RESPONSE_KEY, and an identity that may put responses.
    """
    from tieout.flows.deviations_answer import respond as run

    if len({bool(retest), bool(retested_on), bool(retest_result)}) != 1:
        raise click.UsageError("--retest, --retested-on and --retest-result go together.")
    said = {name: _plain(value) for name, value in fields.items() if value is not None}
    if retest and retested_on and retest_result:
        said["retest"] = {"what": retest, "on": _plain(retested_on), "result": retest_result.replace("-", " ")}
    if "state" in said:
        said["state"] = said["state"].replace("-", " ")
    reading = read(bucket, endpoint_url, period_id)
    meant = _meant(reading.register, names, control, rule, kind)
    for each in run(_desk(reading, by), meant, said):
        how = "recorded" if each.stored_now else "stands already"
        click.echo(f"{each.deviations} deviations, {how}: s3://{reading.store.bucket}/{each.key}")


@deviations.command()
@bucket_options
@PERIOD
@_to
@click.option("--owner", required=True, help="Role that carries the risk.")
@click.option("--approver", required=True, help="Who accepts it: a role or a person id.")
@click.option("--reason", required=True, help="Why.")
@click.option("--compensating-control", help="What keeps the risk down meanwhile.")
@click.option("--accepted-on", type=_DAY, help="First day on which it covers; default: today.")
@click.option("--expires-on", type=_DAY, required=True, help="Last day on which it covers.")
@click.option("--by", required=True, help="Who records it: a role or a person id.")
def accept(
    bucket: str | None,
    endpoint_url: str | None,
    period_id: str | None,
    names: tuple[str, ...],
    control: str | None,
    rule: str | None,
    kind: str | None,
    by: str,
    **fields: Any,
) -> None:
    """Record that management accepts a risk: some deviations by id, or all of a control's rule until it expires.

    What it covers counts all the same, and needs a disposition. It takes the key of TIEOUT_RESPONSE_KEY.
    """
    from tieout.flows.deviations_answer import accept as run

    reading = read(bucket, endpoint_url, period_id)
    meant = _meant(reading.register, names, control, rule, kind)
    controls = sorted({each.observed.control for each in meant})
    if len(controls) != 1:
        raise click.UsageError(f"an acceptance is about one control, these are of {', '.join(controls)}.")
    said = {name: _plain(value) for name, value in fields.items() if value is not None}
    said.setdefault("accepted_on", reading.register.today.isoformat())
    if rule:
        said["rule"] = rule
    each = run(_desk(reading, by), controls[0], [] if rule else meant, said)
    how = "recorded" if each.stored_now else "stands already"
    click.echo(f"about {len(meant)} deviations now, {how}: s3://{reading.store.bucket}/{each.key}")


def _plain(value: Any) -> Any:
    return value.date().isoformat() if isinstance(value, datetime) else value
