# SPDX-License-Identifier: Apache-2.0
"""The tables of what is known of a period: on management's report, and beside the signed list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tieout.audit.deviations import Deviation, DeviationState
from tieout.audit.known import STATEMENT, Known, counts
from tieout.audit.management_page import Page, Section, Table, to_the_second
from tieout.audit.plot_states import DEVIATION_STATES
from tieout.audit.plots import Bar, Plot, in_pages, stacked_bars
from tieout.times import instant

LIST_MARK = (
    "Management's own list, for its assertion and representation letter: no evidence, and no part of the auditor's package."
)
_HEADS = ("control", "system", "what", "where", "state", "disposition", "said by", "said at", "in evidence", "counts against")


def known_page(known: Known, by: str, signed_file: str, sha256: str) -> Page:
    """Return the readable page of a signed list.

    Args:
        known: What is known.
        by: Who made the list.
        signed_file: Name of the signed file.
        sha256: Of its bytes.
    """
    lines = (
        ("signed file", f"{signed_file}, SHA-256 {sha256}: that file is the list, and this page shows what it says"),
        ("made", f"{instant(known.as_of)} by {by}"),
        *as_of_lines(known),
    )
    head = Section("What this is", (STATEMENT,), tables=(Table("The list", ("what", "is"), lines),))
    title = f"What management knows of {known.period.id}"
    sections = (head, deviations_section(known), incidents_section(known), changes_section(known))
    return Page(title, known.period.printed(), sections, LIST_MARK)


def as_of_lines(known: Known) -> tuple[tuple[str, str], ...]:
    """Return the digest as of which something was made, and what no digest names yet."""
    head = known.head
    absent = (
        f"{len(known.not_digested)} documents behind it: {', '.join(known.not_digested[:5])}" if known.not_digested else "none"
    )
    return (
        ("bucket", known.bucket),
        ("as of digest", f"{head.sequence}, up to {head.to}, {head.key}, version {head.version_id}, SHA-256 {head.sha256}"),
        ("not named by a digest yet", absent),
    )


def deviations_section(known: Known) -> Section:
    """Return the deviations: bars by control, and a table."""
    listed = known.deviations
    texts = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts(listed).items())
    rows = [_deviation(each) for each in listed]
    heading = "Known deviations"
    plots = tuple(_bars(listed)) if listed else ()
    return Section(heading, (f"Deviations: {texts}.",), plots, (Table("Deviations", _HEADS, rows),))


def _bars(listed: Sequence[Deviation]) -> list[Plot]:
    tally = Counter((each.observed.control, each.state) for each in listed if each.observed.in_evidence)
    controls = sorted({control for control, _ in tally})
    bars = [Bar(control, tuple(tally[control, state] for state in DeviationState)) for control in controls]
    described = "One bar a control: deviations that the evidence shows, by what management has said of them."
    return [
        stacked_bars(f"deviations-{number}", "Deviations by control", described, part, list(DEVIATION_STATES.values()))
        for number, part in enumerate(in_pages(bars), start=1)
    ]


def _deviation(each: Deviation) -> tuple[str, ...]:
    observed, last = each.observed, each.history[-1] if each.history else None
    return (
        observed.control,
        observed.system,
        observed.rule or observed.kind.value,
        observed.row_key or observed.performance or "",
        each.state.value,
        each.disposition or "",
        last.by if last else "",
        to_the_second(instant(last.at)) if last else "",
        "yes" if observed.in_evidence else "no more",
        each.against_control,
    )


def incidents_section(known: Known) -> Section:
    """Return the incidents that landed."""
    heads = (
        "incident",
        "declared",
        "severity",
        "title",
        "contained",
        "resolved",
        "customers told",
        "control",
        "system",
        "shown by",
    )
    rows = [
        (
            each.incident_id,
            to_the_second(each.declared_at),
            each.severity,
            each.title,
            to_the_second(each.contained_at),
            to_the_second(each.resolved_at),
            to_the_second(each.customers_notified_at),
            each.control,
            each.system,
            "post-period extract" if each.after_period else "the period",
        )
        for each in known.incidents
    ]
    none = () if rows else ("No row of an incident has landed. That none was declared, only a landed population of zero shows.",)
    return Section("Incidents", none, tables=(Table("Incidents", heads, rows),) if rows else ())


def changes_section(known: Known) -> Section:
    """Return changes of the tool and of controls, and overrides."""
    changes = [(to_the_second(each.at), each.kind, each.about, each.what) for each in known.changes]
    overrides = [
        (to_the_second(each.at), each.kind, each.control, each.window, each.system, each.by, each.reason, each.document)
        for each in known.overrides
    ]
    return Section(
        "Changes and overrides",
        ("Overrides are what a person changed of what stood: superseded, cancelled, released, held, redacted, each with why.",),
        tables=(
            Table("Changes of the tool and of controls", ("from", "what", "control", "in words"), changes),
            Table("Overrides", ("at", "what", "control", "window", "system", "by", "why", "document"), overrides),
        ),
    )
