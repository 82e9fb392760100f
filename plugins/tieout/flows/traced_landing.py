# SPDX-License-Identifier: Apache-2.0
"""The steps of a trace: one landing's way back from a row to what the source was asked (see `tieout.flows.trace`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tieout.audit.trace import Standing, Step, TracedLanding
from tieout.contracts.odcs import LANDING_COLUMN, Contract
from tieout.errors import TieoutError
from tieout.evidence.layout import MANIFESTS, Class, Place, class_of, landing_of, partition_values
from tieout.evidence.manifest import Manifest, Subject
from tieout.evidence.page_search import FoundRecord, find_record, plain_bytes
from tieout.evidence.part_search import FoundRow, open_part
from tieout.evidence.rowhash import RowsHash
from tieout.evidence.sources import Evidence
from tieout.evidence.verify.outcome import Finding, Outcome, finding_of
from tieout.flows.trusted import Checked, Trusted, check_object, checked_manifest, opened
from tieout.times import instant, parse_instant

SYSTEM = "system"
_MOST_PAGES = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """A row that a search found, and the key of its part."""

    part: str
    row: FoundRow


def traced_landing(trusted: Trusted, hit: Hit, contract: Contract | None) -> TracedLanding:
    """Walk back from a row, checking each thing it passed through.

    Args:
        trusted: Where to read, and what is trusted.
        hit: The row.
        contract: Of its evidence type; ``None`` where it is not at hand.
    """
    where = partition_values(hit.part)
    place, landing = Place(where["observation_period"], where["control"], where["window"]), landing_of(hit.part)
    checked = checked_manifest(trusted, place.manifest(landing))
    manifest = checked.manifest
    if manifest is None:
        unnamed = Finding(Outcome.MISSING, f"{hit.part}: no manifest that can be read names it")
        steps = [
            _unreliable(_row_step(hit, landing, contract, None)),
            Step("part", {"key": hit.part}, (unnamed,)),
            _manifest_step(checked),
        ]
        return TracedLanding(landing, str(hit.row.values.get(SYSTEM, "")), place.window, None, Standing.UNKNOWN, tuple(steps))
    later = _superseding(trusted, place, manifest)
    steps = [
        _row_step(hit, landing, contract, manifest),
        _part_step(trusted, hit, manifest),
        _manifest_step(checked, later),
        _ipe_step(manifest),
        *_page_steps(trusted, manifest, hit, contract),
        _request_step(manifest),
    ]
    landed_at = parse_instant(manifest.predicate["times"]["landed_at"]["at"])
    standing = Standing.SUPERSEDED if later else Standing.STANDS
    steps = steps if checked.reliable else [_unreliable(step) for step in steps]
    return TracedLanding(landing, manifest.predicate["system"], place.window, landed_at, standing, tuple(steps))


def _unreliable(step: Step) -> Step:
    """Return a step of a landing whose manifest can not be relied on: nothing that fits it is intact for that."""
    if step.findings:
        return step
    return replace(step, findings=(Finding(Outcome.CANNOT_CHECK, "what it is held against, the manifest, can not be relied on"),))


def _row_step(hit: Hit, landing: str, contract: Contract | None, manifest: Manifest | None) -> Step:
    personal = {column.name for column in contract.columns if column.personal} if contract else set()
    values = {name: value for name, value in hit.row.values.items() if not name.startswith("_")}
    facts = {f"{name} (personal)" if name in personal else name: _text(value) for name, value in values.items()}
    if contract is None:
        facts["personal columns"] = "not marked: the contract is not at hand"
    if manifest is not None:
        facts["number in the population"] = _rows_before(manifest, hit.part) + hit.row.number + 1
    stated = hit.row.values.get(LANDING_COLUMN)
    if stated == landing:
        return Step("row", facts)
    return Step("row", facts, (Finding(Outcome.TAMPERED, f"{hit.part}: its row says that it landed with {stated}"),))


def _rows_before(manifest: Manifest, part: str) -> int:
    """Return the rows of the parts of the same table that come before a part: row numbers run through all of them."""
    table = part.split("/")[1]
    return sum(
        each.rows or 0
        for each in manifest.subjects
        if each.role == "part" and each.key.split("/")[1] == table and each.key < part
    )


def _text(value: Any) -> Any:
    if hasattr(value, "tzinfo"):
        return instant(value)
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def _part_step(trusted: Trusted, hit: Hit, manifest: Manifest) -> Step:
    facts: dict[str, Any] = {"key": hit.part, "row": hit.row.number + 1}
    subject = next((each for each in manifest.subjects if each.key == hit.part), None)
    if subject is None:
        return Step("part", facts, (Finding(Outcome.TAMPERED, f"{hit.part}: its landing's manifest does not name it"),))
    facts |= {"version": subject.version_id, "SHA-256": subject.sha256, "rows": subject.rows, "row hash": subject.rows_sha256}
    findings = list(check_object(trusted, manifest, subject))
    try:
        with opened(trusted.evidence, hit.part, subject.version_id) as file:
            part = open_part(file, hit.part)
            digest = RowsHash(part.schema_arrow, part.metadata.num_rows)
            for group in range(part.num_row_groups):
                digest.update(part.read_row_group(group))
        if digest.hexdigest() != subject.rows_sha256:
            findings.append(Finding(Outcome.TAMPERED, f"{hit.part}: its rows are not those of the row hash that was signed"))
    except TieoutError as error:
        findings.append(finding_of(error))
    except (OSError, KeyError, ValueError) as error:
        findings.append(Finding(Outcome.CANNOT_CHECK, f"{hit.part}: its rows can not be read ({error})."))
    return Step("part", facts, tuple(findings))


def _manifest_step(checked: Checked, later: Manifest | None = None) -> Step:
    facts: dict[str, Any] = {"key": checked.key}
    if checked.manifest is not None:
        said = checked.manifest.predicate
        facts |= {
            "SHA-256": checked.manifest.sha256,
            "control": f"{said['control']['id']}: {said['control']['title']}",
            "landed at": f"{said['times']['landed_at']['at']}, {said['times']['landed_at']['attested_by']}",
            "named by": "no digest yet" if checked.named_in is None else f"digest {checked.named_in}",
        }
    if later is not None:
        claim = later.predicate["supersedes"]
        facts["superseded by"] = f"{later.landing}: {claim['reason'] if claim else 'its window landed again under another label'}"
    return Step("manifest", facts, checked.findings)


def _ipe_step(manifest: Manifest) -> Step:
    ipe, landed = manifest.predicate["ipe"], manifest.predicate["population"]["rows"]
    total, second = ipe.get("source_total", {}), ipe.get("second_count", {})
    facts: dict[str, Any] = {
        "system": f"{ipe.get('system')}, environment {ipe.get('environment')}",
        "read": f"{ipe.get('started_at')} to {ipe.get('finished_at')}",
        "source total": f"{total.get('rows')}: {total.get('how')}",
        "second count": f"{second.get('rows')}, class {second.get('class')}: {second.get('how')}",
        "rows": f"{ipe.get('rows_read')} read, {ipe.get('rows_in_window')} in the window, {landed} landed",
        "code": ipe.get("code"),
        "Airflow": ipe.get("airflow") or "none: the command line",
    }
    signed = {subject.key.rpartition("/")[2]: subject.sha256 for subject in manifest.subjects if subject.role == "raw"}
    pages = [page for page in ipe.get("pages", []) if "name" in page]
    foreign = [page["name"] for page in pages if signed.get(page["name"]) != page.get("stored_sha256")]
    findings = [
        Finding(Outcome.TAMPERED, f"{manifest.key}: page {name} of its IPE record is not one that it signs") for name in foreign
    ]
    return Step("IPE record", facts, tuple(findings))


def _page_steps(trusted: Trusted, manifest: Manifest, hit: Hit, contract: Contract | None) -> list[Step]:
    """Return a step for each raw page that holds the row; of many pages, for the first."""
    values = _searched(hit, contract)
    media = {page.get("name"): page for page in manifest.predicate["ipe"].get("pages", [])}
    pages = sorted((subject for subject in manifest.subjects if subject.role == "raw"), key=lambda subject: subject.key)
    steps: list[Step] = []
    findings: list[Finding] = []
    for subject in pages if values else ():
        said = media.get(subject.key.rpartition("/")[2], {})
        try:
            found = _in_page(trusted.evidence, subject, str(said.get("media_type", "")), values)
        except TieoutError as error:
            findings += [finding_of(error), *check_object(trusted, manifest, subject)]
            continue
        if found is None:
            continue
        facts = {
            "key": subject.key,
            "version": subject.version_id,
            "SHA-256": subject.sha256,
            "as received": said.get("received_sha256"),
            "redactions": said.get("redactions") or "none",
            found.where: found.text,
        }
        steps.append(Step("raw page", facts, tuple(check_object(trusted, manifest, subject))))
        if len(pages) > _MOST_PAGES:
            break
    if steps and not findings:
        return steps
    shown = ", ".join(values) or "no value that could be searched for"
    reason = f"none of {len(pages)} raw pages shows the row's key as text ({shown}): it may be derived, or the page be no text"
    findings += [] if steps else [Finding(Outcome.CANNOT_CHECK, reason)]
    return [*steps, Step("raw page", {"pages": [subject.key for subject in pages][:_MOST_PAGES]}, tuple(findings))]


def _searched(hit: Hit, contract: Contract | None) -> list[str]:
    """Return the values of a row's key that its raw record should show; those of the row it is about, where it is about one."""
    values = hit.row.values
    if isinstance(values.get("row_key"), str):
        try:
            said = json.loads(values["row_key"])
        except ValueError:
            said = {}
        return [str(value) for name, value in said.items() if name != SYSTEM] if isinstance(said, dict) else []
    names = contract.key if contract else [name for name in values if not name.startswith("_")][:2]
    return [str(values[name]) for name in names if name != SYSTEM and isinstance(values[name], (str, int)) and str(values[name])]


def _in_page(evidence: Evidence, subject: Subject, media_type: str, values: Sequence[str]) -> FoundRecord | None:
    with opened(evidence, subject.key, subject.version_id) as file:
        return find_record(plain_bytes(file, subject.key), media_type, values, subject.key)


def _request_step(manifest: Manifest) -> Step:
    ipe = manifest.predicate["ipe"]
    source, request, credential = (ipe.get(name) or {} for name in ("source", "request", "credential"))
    facts = {
        "source": f"{source.get('kind')} {source.get('location')}",
        "account": source.get("account") or "none",
        "query": request.get("query"),
        "parameters": request.get("parameters"),
        "credential": credential.get("identity"),
        "read-only proof": credential.get("read_only_proof"),
    }
    return Step("request", facts)


def _superseding(trusted: Trusted, place: Place, manifest: Manifest) -> Manifest | None:
    """Return the landing that supersedes this one: it says so, or is of the same window and landed later, under another label."""
    found = None
    for key in trusted.evidence.keys(MANIFESTS):
        where = partition_values(key)
        if class_of(key) is not Class.MANIFEST or (where["control"], where["window"]) != (place.control, place.window):
            continue
        checked = checked_manifest(trusted, key)
        other = checked.manifest if checked.reliable or trusted.key_list is None else None  # a forged one supersedes nothing
        if other is None or other.predicate["system"] != manifest.predicate["system"]:
            continue
        if (other.predicate["supersedes"] or {}).get("landing") == manifest.landing:
            return other
        later = manifest.predicate["times"]["landed_at"]["at"] < other.predicate["times"]["landed_at"]["at"]
        if where["observation_period"] != place.observation_period and later:
            found = other
    return found
