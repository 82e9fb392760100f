# SPDX-License-Identifier: Apache-2.0
"""The cover of a population: on one page where it comes from, who read it, how, what was counted, and what seals it.

Everything on it is said by the signed manifest, but for the outcome of the checks. It states and concludes nothing. Fields of an
IPE record that are not known here are printed all the same, under their own names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tieout.evidence.manifest import Manifest

Line = tuple[str, str]
MOST = 10
"""Entries of a list that are shown; the manifest has all of them."""
_MOST_OBJECTS = 5
_KNOWN = {
    "kind", "system", "environment", "collector", "source", "request", "credential", "started_at", "finished_at", "source_total",
    "second_count", "rows_read", "rows_in_window", "drops", "first", "last", "sequence_gaps", "clock_offset", "blind_spots",
    "pages", "code", "airflow",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a cover: lines of a name and what is said."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Cover:
    """A population's cover.

    Attributes:
        title: The control's title.
        subtitle: What the page is, and of what.
        statement: The control's statement, verbatim.
        sections: In the order in which they are read.
    """

    title: str
    subtitle: str
    statement: str
    sections: tuple[Section, ...]


def population_cover(manifest: Manifest, checks: Sequence[Line], files: Sequence[Line]) -> Cover:
    """Return the cover of a landing's population.

    Args:
        manifest: Of the landing.
        checks: What was checked, and the outcome.
        files: The population's files, and what they hold.
    """
    said, ipe = manifest.predicate, manifest.predicate["ipe"]
    control, period = said["control"], said["observation_period"]
    sections = (
        Section("Population", tuple(_population(said))),
        Section("Source and request", tuple(_request(ipe))),
        Section("Who read it, and when", tuple(_reading(said, ipe))),
        Section("Completeness and accuracy", tuple(_counts(said, ipe))),
        Section("Rules and performances", tuple(_results(said))),
        Section("Further fields of the IPE record", tuple(_further(ipe))),
        Section("Seal", (*_seal(manifest), *checks)),
        Section("Files", tuple(files)),
    )
    return Cover(
        title=control["title"],
        subtitle=f"Population: {said['contract']['evidence_type']}, {said['system']}, {said['window']['key']} of {period['id']}",
        statement=control["statement"],
        sections=tuple(section for section in sections if section.lines),
    )


def _population(said: dict[str, Any]) -> Iterable[Line]:
    control, period, window, contract = (said[name] for name in ("control", "observation_period", "window", "contract"))
    yield "Control", f"{control['id']}, statement version {control['statement_version']}, file SHA-256 {control['sha256']}"
    yield "Evidence type", f"{contract['evidence_type']}, contract {contract['version']}, file SHA-256 {contract['sha256']}"
    yield "System", said["system"]
    yield "Observation period", f"{period['id']}: {period['from']} to before {period['to']}, days in {period['time_zone']}"
    yield "Window", f"{window['key']}: {window['from']} to before {window['to']}"
    yield "Landing", said["landing"]
    if said.get("supersedes"):
        yield "Supersedes", f"{said['supersedes']['landing']}: {said['supersedes']['reason']}"


def _request(ipe: dict[str, Any]) -> Iterable[Line]:
    source, request, credential = (ipe.get(name) or {} for name in ("source", "request", "credential"))
    yield "Source", f"{source.get('kind')}: {source.get('location')}"
    yield "Account", plain(source.get("account"))
    yield "Environment", plain(ipe.get("environment"))
    yield "Collector", plain(ipe.get("collector"))
    yield "Query", plain(request.get("query"))
    yield "Parameters", plain(request.get("parameters"))
    yield "Credential", plain(credential.get("identity"))
    yield "Read-only proof", plain(credential.get("read_only_proof"))
    yield "Use", plain(ipe.get("kind"))
    yield from (("Blind spot", plain(spot)) for spot in ipe.get("blind_spots") or ())


def _reading(said: dict[str, Any], ipe: dict[str, Any]) -> Iterable[Line]:
    airflow, code, state = ipe.get("airflow"), said["code"], said["extraction"]
    run = "the command line" if not airflow else f"DAG {airflow.get('dag_id')}, run {airflow.get('run_id')}"
    yield "Run by", run + (f", task {airflow.get('task_id')}, try {airflow.get('try_number')}" if airflow else "")
    modified = {True: ", modified", False: ", unmodified"}.get(code.get("modified"), "")
    yield "Code", f"version {code.get('version')}, commit {plain(code.get('commit'))}{modified}"
    yield "Read", f"{ipe.get('started_at')} to {ipe.get('finished_at')}, asserted by the entity"
    for name, time in said["times"].items():
        yield name.replace("_", " ").capitalize(), f"{time['at']}, {time['attested_by']}"
    yield "Extraction", f"{state['state']}, {state['lag_seconds']} seconds after the window's end"


def _counts(said: dict[str, Any], ipe: dict[str, Any]) -> Iterable[Line]:
    total, second = ipe.get("source_total") or {}, ipe.get("second_count") or {}
    drops = ipe.get("drops") or []
    yield "Source total", f"{plain(total.get('rows'))} ({plain(total.get('how'))})"
    yield "Second count", f"{plain(second.get('rows'))}, class: {plain(second.get('class'))} ({plain(second.get('how'))})"
    yield "Rows read", plain(ipe.get("rows_read"))
    for drop in drops:
        keys = f": {shortlist(drop['keys'])}" if drop.get("keys") else ""
        yield "Dropped", f"{drop.get('rows')} {drop.get('reason')}{keys}"
    yield "Rows in the window", plain(ipe.get("rows_in_window"))
    yield "Rows landed", plain(said["population"]["rows"])
    if second.get("rows") is not None:
        left = second["rows"] - sum(drop.get("rows", 0) for drop in drops)
        yield "Second count less drops", f"{left}; rows in the window less that: {(ipe.get('rows_in_window') or 0) - left}"
    for name in ("first", "last"):
        edge = ipe.get(name)
        yield f"{name.capitalize()} row", "none" if not edge else f"{edge.get('key')} at {edge.get('time')}"
    yield "Sequence gaps", plain(ipe.get("sequence_gaps"))
    yield "Clock offset", plain(ipe.get("clock_offset"))


def _results(said: dict[str, Any]) -> Iterable[Line]:
    contract = [result for result in said["rule_results"] if result["kind"] == "contract"]
    met = [result for result in contract if result["result"] == "met"]
    yield "Contract rules", f"{len(met)} of {len(contract)} met"
    for result in said["rule_results"]:
        if result in met:
            continue
        counts = f"met {result['met']}, not met {result['not_met']}, not determinable {result['not_determinable']}"
        yield f"{result['kind'].capitalize()} rule", f"{result['name']}: {result['result']} ({counts})"
    yield "Potential deviations", str(said["potential_deviations"])
    shown, events = said["performances"]["shown"], said["performances"]["events"]
    if shown is not None:
        yield "Performances", shortlist([f"{each['name']} on {each['on']}" for each in shown]) or "none shown"
    if events is not None:
        yield "Performances", plain({name.replace("_", " "): count for name, count in events.items() if count is not None})


def _further(ipe: dict[str, Any]) -> Iterable[Line]:
    for name in sorted(set(ipe) - _KNOWN):
        if ipe[name] not in (None, [], {}):
            yield name.replace("_", " ").capitalize(), plain(ipe[name])


def _seal(manifest: Manifest) -> Iterable[Line]:
    said = manifest.predicate
    retention, population = said["retention"], said["population"]
    yield "Row hash", f"{population['rows_sha256']} ({population['encoding']})"
    parts = [each for each in manifest.subjects if each.role == "part"]
    pages = [each for each in manifest.subjects if each.role == "raw"]
    for label, subjects in (("Part", parts), ("Raw page", pages)):
        for each in subjects[:_MOST_OBJECTS]:
            yield label, f"{each.key}, version {each.version_id}, SHA-256 {each.sha256}"
        if len(subjects) > _MOST_OBJECTS:
            yield label, f"and {len(subjects) - _MOST_OBJECTS} more, in the manifest"
    yield "Manifest", f"{manifest.key}, SHA-256 {manifest.sha256}"
    yield "Locked", f"{retention['mode']} until {retention['retain_until']}"


def plain(value: Any) -> str:
    """Return a JSON value in words: names and values of an object, entries of a list, ``none`` for nothing."""
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {plain(each)}" for name, each in value.items()) or "none"
    if isinstance(value, list):
        return shortlist([plain(each) for each in value]) or "none"
    return str(value)


def shortlist(texts: Sequence[Any]) -> str:
    """Return the first `MOST` of some texts, and how many there are beside them."""
    more = f", and {len(texts) - MOST} more" if len(texts) > MOST else ""
    return ", ".join(map(str, texts[:MOST])) + more
