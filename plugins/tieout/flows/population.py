# SPDX-License-Identifier: Apache-2.0
"""A landing's population for people, from a bucket or a copied folder: its cover, and its rows as CSV and XLSX, numbered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from tieout.audit.cover import Cover, Line, population_cover
from tieout.audit.cover_page import as_html, as_text
from tieout.audit.spreadsheet import Written, numbered, numbered_schema, write_csv, write_xlsx
from tieout.errors import CannotCheck, Missing, Tampered
from tieout.evidence.layout import EVIDENCE
from tieout.evidence.manifest import Manifest, Subject
from tieout.evidence.part_search import open_part
from tieout.evidence.rowhash import RowsHash
from tieout.evidence.verify.outcome import Finding, Outcome, worst
from tieout.files import file_sha256
from tieout.flows.trusted import Trusted, check_object, checked_manifest, opened

_BATCH = 65_536
_READING = (
    "Column # numbers the rows from 1, in the order of their key. Times are UTC. In CSV an apostrophe stands before text that a "
    "spreadsheet program could take for a formula; the text itself begins after it."
)


@dataclass(frozen=True, slots=True)
class Population:
    """A landing whose manifest has been read, and what was found of manifest and parts."""

    trusted: Trusted
    manifest: Manifest
    parts: tuple[Subject, ...]
    """Those of the population, in key order; rule results are another table."""
    findings: tuple[Finding, ...]
    named_in: int | None

    @property
    def outcome(self) -> Outcome:
        """The worst of the findings."""
        return worst(finding.outcome for finding in self.findings)


def open_population(trusted: Trusted, key: str) -> Population:
    """Read a manifest and check it and the parts of its population.

    Raises:
        Missing: The manifest is not there.
        CannotCheck: It can not be read.
    """
    checked = checked_manifest(trusted, key)
    manifest = checked.manifest
    if manifest is None:
        finding = checked.findings[0]
        raise {Outcome.MISSING: Missing, Outcome.TAMPERED: Tampered}.get(finding.outcome, CannotCheck)(finding.reason)
    parts = _population_parts(manifest)
    findings = [finding for part in parts for finding in check_object(trusted, manifest, part)]
    return Population(trusted, manifest, parts, (*trusted.findings, *checked.findings, *findings), checked.named_in)


def cover_of(population: Population, files: tuple[Line, ...] = ()) -> Cover:
    """Return a population's cover."""
    findings = dict.fromkeys(population.findings)
    checks = [("Checked", f"{population.outcome}: {_what(population)}")]
    checks += [("Found", f"{finding.outcome}: {finding.reason}") for finding in findings]
    return population_cover(population.manifest, checks, files)


def _what(population: Population) -> str:
    root = population.trusted.key_list.root_fingerprint if population.trusted.key_list else "none given"
    named = "no digest yet" if population.named_in is None else f"digest {population.named_in}"
    custody = "custody not checked in a copy" if population.trusted.evidence.profile == "copy" else "custody checked"
    return f"signature of the manifest under root {root}, bytes of the parts; named by {named}; {custody}"


def write_population(population: Population, target: Path, *, xlsx: bool = True) -> list[Path]:
    """Write the rows as CSV and XLSX, and the cover as HTML and text; all of them or none.

    Memory holds one batch of rows. The row hash is computed again from the rows as they are written.

    Args:
        population: From `open_population`.
        target: A folder; made where it is not there.
        xlsx: Whether XLSX is written, too.

    Returns:
        The files.

    Raises:
        Tampered: Manifest, parts or rows are not those that were signed: a population is not written from them.
        Missing: A part is not there.
    """
    for outcome, error in ((Outcome.TAMPERED, Tampered), (Outcome.MISSING, Missing)):
        for finding in population.findings:
            if finding.outcome is outcome:
                msg = f"{finding.reason} No population is written from it: run tieout verify."
                raise error(msg)
    name = population.manifest.landing
    target.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target, prefix=".tieout-") as work:
        folder = Path(work)
        lines = list(_write_rows(population, folder, name, xlsx=xlsx))
        cover = cover_of(population, tuple(lines))
        (folder / f"{name}.cover.html").write_text(as_html(cover), encoding="utf-8")
        (folder / f"{name}.cover.txt").write_text(as_text(cover), encoding="utf-8")
        return [path.replace(target / path.name) for path in sorted(folder.iterdir())]


def _write_rows(population: Population, folder: Path, name: str, *, xlsx: bool) -> Iterator[Line]:
    schema = _schema(population)
    columns, said = numbered_schema(schema), population.manifest.predicate["population"]
    digest = RowsHash(schema, said["rows"])
    csv = folder / f"{name}.csv"
    yield "CSV", _described(csv, write_csv(csv, columns, numbered(_batches(population, schema, digest))))
    if digest.hexdigest() != said["rows_sha256"]:
        msg = f"{population.manifest.key}: the rows are not those of the row hash that was signed. Run tieout verify."
        raise Tampered(msg)
    yield "Row hash of these rows", f"{said['rows_sha256']}: computed again, and the one that was signed"
    if xlsx:
        book = folder / f"{name}.xlsx"
        yield "XLSX", _described(book, write_xlsx(book, columns, numbered(_batches(population, schema))))
    yield "Reading them", _READING


def write_rows(trusted: Trusted, manifest: Manifest, path: Path) -> int:
    """Write the rows of a landing as CSV, numbered, and return how many there are; memory holds one batch.

    Objects are not hashed: the row hash, computed again from what is written, is held against the one that was signed.

    Raises:
        Tampered: The rows are not those.
        Missing: A part is not there.
    """
    population = Population(trusted, manifest, _population_parts(manifest), (), None)
    schema, said = _schema(population), manifest.predicate["population"]
    digest = RowsHash(schema, said["rows"])
    written = write_csv(path, numbered_schema(schema), numbered(_batches(population, schema, digest)))
    if digest.hexdigest() != said["rows_sha256"]:
        path.unlink()
        msg = f"{manifest.key}: the rows are not those of the row hash that was signed. Run tieout verify."
        raise Tampered(msg)
    return written.rows


def _population_parts(manifest: Manifest) -> tuple[Subject, ...]:
    folder = f"{EVIDENCE}{manifest.predicate['contract']['evidence_type'].partition('.v')[0]}/"
    return tuple(sorted((each for each in manifest.subjects if each.key.startswith(folder)), key=lambda each: each.key))


def _described(path: Path, written: Written) -> str:
    sheets = f", {written.sheets} sheets" if written.sheets > 1 else ""
    cut = f", {written.cut} texts too long for a cell are cut and say so" if written.cut else ""
    return f"{path.name}, {written.rows} rows{sheets}{cut}, SHA-256 {file_sha256(path)}"


def _schema(population: Population) -> pa.Schema:
    """Return the columns as they landed, without ``_landing``: the cover names the one landing that all rows are of."""
    first = population.parts[0]
    with opened(population.trusted.evidence, first.key, _version(population, first)) as file:
        schema = open_part(file, first.key).schema_arrow.remove_metadata()
    return pa.schema([field for field in schema if not field.name.startswith("_")])


def _batches(population: Population, schema: pa.Schema, digest: RowsHash | None = None) -> Iterator[pa.Table]:
    for part in population.parts:
        with opened(population.trusted.evidence, part.key, _version(population, part)) as file:
            for batch in open_part(file, part.key).iter_batches(_BATCH, columns=schema.names):
                rows = pa.Table.from_batches([batch]).cast(schema)
                if digest is not None:
                    digest.update(rows)
                yield rows


def _version(population: Population, part: Subject) -> str | None:
    return part.version_id if population.trusted.evidence.profile == "bucket" else None
