# SPDX-License-Identifier: Apache-2.0
"""Makes a package: reads a bucket as one digest saw it, writes pages and tables, and copies the objects beside them.

Memory holds manifests and records, one population, and one piece of one object; the disk holds documents, Parquet parts of at
most 1 MiB, and one file. What is copied is held against the digests while it passes. Nothing of it is signed anew: what is
signed stands in ``bucket/``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path
from tempfile import TemporaryDirectory

from tieout.audit.cover import population_cover
from tieout.audit.cover_page import as_html
from tieout.audit.spreadsheet import write_csv
from tieout.audit.workbook import write_book
from tieout.criteria.periods import ObservationPeriod
from tieout.evidence.layout import Class, class_of
from tieout.evidence.manifest import read_manifest
from tieout.evidence.store import ObjectVersion, S3Store
from tieout.flows.pbc_files import write_back
from tieout.flows.pbc_standing import exported
from tieout.flows.query import evidence_database
from tieout.package.book import Questions, Sheet, sheets
from tieout.package.choosing import Chosen, choose
from tieout.package.documents import REFERENCE_COLUMNS, contents, oscal_documents, references
from tieout.package.facts import Facts, read_facts
from tieout.package.items import item_pages
from tieout.package.pages import Held, csv_name, index_page
from tieout.package.populations import PeriodFile, write_populations
from tieout.package.sealed_store import SealedBucket, SealedStore, sealed_store
from tieout.package.targets import Added, Target, file_pieces, writing
from tieout.settings import Settings

CONTENTS, BUCKET_FOLDER, WORKBOOK, REFERENCES = "contents.json", "bucket/", "evidence-workbook.xlsx", "references.csv"
_LARGE = (Class.RAW_PAGE, Class.FILE, Class.PRESENTED)
"""Classes of objects that are not fetched beforehand."""
_WORKERS, _AHEAD, _SMALL = 8, 64, 2**20
"""Threads that fetch objects, how many are fetched ahead, and how large such a one is at most: 64 MiB in all."""
Tell = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What package is wanted.

    Attributes:
        period: The observation period, or the day of a Type 1.
        root: The root key's fingerprint.
        digest: Number of the digest that it is as of; ``None`` for the last.
        by_reference: Whether large objects are named and not copied.
        request_files: The auditor's own file of each list, by its name.
    """

    period: ObservationPeriod
    root: str
    digest: int | None = None
    by_reference: bool = False
    request_files: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Built:
    """A package that was made: where it stands, the digest that it is of, and what it holds."""

    paths: tuple[str, ...]
    head: str
    held: Held
    files: int
    landings: int


def build(
    settings: Settings, store: S3Store, order: Order, target: Target, tell: Tell = lambda _what, _done, _all: None
) -> Built:
    """Make a package.

    Args:
        settings: The installation's.
        store: The evidence bucket, as whoever may read it.
        order: What is wanted.
        target: Where it is written to.
        tell: Told how far it is.

    Raises:
        ConfigurationError: There is no chain, no such digest, or a file of the program is wrong.
        VerificationError: Something is not as it was signed: no package is made of it.
        LandingConflict: A landing is not what the index or its manifest says: run tieout verify.
        StoreUnavailable: The store did not answer; run it again.
    """
    with TemporaryDirectory(prefix="tieout-package-") as work, writing(target):
        folder = Path(work)
        (folder / "bucket").mkdir()
        (folder / "work").mkdir()
        sealed = sealed_store(store, folder / "bucket", order.digest)
        firsts = [each for key in sealed.keys("") if (each := sealed.first(key))]
        _fetch(sealed, order.period, firsts, tell)
        facts = read_facts(settings, sealed, order.root, order.period, folder / "work")
        chosen = _chosen(facts, firsts, order)
        made = _Package(facts, chosen, order, target, folder / "work", tell)
        made.write()
        return Built(tuple(target.finish()), sealed.head.sha256, made.held, len(made.added), len(facts.landings))


def _fetch(sealed: SealedStore, period: ObservationPeriod, firsts: Sequence[ObjectVersion], tell: Tell) -> None:
    """Fetch documents, but for responses of other periods, which are read one by one where they are needed; and small parts."""
    ours = f"/observation_period={period.id}/"
    wanted = [each for each in firsts if _is_fetched(each, ours)]
    done = 0

    def told() -> None:
        nonlocal done
        done += 1
        tell("documents", done, len(wanted))

    sealed.fetch(wanted, told)


def _is_fetched(version: ObjectVersion, ours: str) -> bool:
    kind = class_of(version.key)
    if kind in (Class.RESPONSE, Class.PART):
        return ours in version.key and version.size <= _SMALL
    return kind not in _LARGE


def _chosen(facts: Facts, firsts: Sequence[ObjectVersion], order: Order) -> Chosen:
    of_landing = {row["landing"]: row["manifest_key"].split("/", 1)[1].rpartition("/")[0] for row in facts.holdings.index}
    return choose(firsts, facts.period.id, facts.slots, of_landing, facts.spoken_of, by_reference=order.by_reference)


class _Package:
    """One package as it is written."""

    def __init__(self, facts: Facts, chosen: Chosen, order: Order, target: Target, folder: Path, tell: Tell) -> None:
        self._facts, self._chosen, self._order = facts, chosen, order
        self._target, self._folder, self._tell = target, folder, tell
        self.added: list[Added] = []
        self.held = Held(
            objects=len(chosen.held),
            bytes=sum(each.size for each in chosen.held),
            referred=len(chosen.referred),
            referred_bytes=sum(each.size for each in chosen.referred),
            elsewhere=chosen.elsewhere,
        )

    def write(self) -> None:
        """Write everything; the list of contents comes last."""
        populations = list(self._populations())
        evidence = SealedBucket(self._facts.store, {each.key for each in (*self._chosen.held, *self._chosen.referred)})
        with evidence_database(evidence, [self._facts.manifests[row["landing"]] for row in self._facts.landings]) as database:
            tables = sheets(self._facts, Questions(database, evidence), populations)
            with_lists = any(each.name in self._order.request_files for each in self._facts.requests)
            page = index_page(self._facts, tables, self.held, with_lists=with_lists)
            self._text("index.html", page)
            self._tables(tables)
        self._covers()
        for name, page in item_pages(self._facts, self._folder):
            self._text(name, page)
        self._requests()
        for name, document in oscal_documents(self._facts).items():
            self._text(f"oscal/{name}.json", json.dumps(document, indent=1, ensure_ascii=False))
        self._text("VERIFY.md", resources("tieout.package").joinpath("VERIFY.md").read_text(encoding="utf-8"))
        if self._chosen.referred:
            self._references()
        self._objects()
        said = contents(self._facts, self.held, self.added)
        data = json.dumps(said, indent=1, ensure_ascii=False, sort_keys=True).encode()
        self._target.add(CONTENTS, [data], len(data))

    def _text(self, name: str, text: str) -> None:
        data = text.encode()
        self.added.append(self._target.add(name, [data], len(data)))

    def _file(self, name: str, path: Path) -> None:
        self.added.append(self._target.add(name, file_pieces(path)(), path.stat().st_size))
        path.unlink()

    def _populations(self) -> Iterator[PeriodFile]:
        total = len(self._facts.standing)
        for number, (described, path) in enumerate(write_populations(self._facts, self._folder), start=1):
            self._file(described.name, path)
            self._tell("populations", number, max(total, number))
            yield described

    def _tables(self, tables: Sequence[Sheet]) -> None:
        for sheet in tables:
            table, path = sheet.make(), self._folder / "table.csv"
            write_csv(path, table.columns, table.batches)
            self._file(csv_name(sheet), path)
        path = self._folder / WORKBOOK
        write_book(path, (sheet.make() for sheet in tables))
        self._file(WORKBOOK, path)

    def _covers(self) -> None:
        named = {entry.key: digest.sequence for digest in self._facts.store.digests for entry in digest.entries}
        later = {row["supersedes"]: row["landing"] for row in self._facts.landings}
        for number, row in enumerate(self._facts.landings, start=1):
            key, by = row["manifest_key"], later.get(row["landing"])
            manifest = read_manifest(self._facts.store.read(key, None) or b"", key)  # whole: those of the facts are not
            checks = [
                ("Named by", f"digest {named[key]}"),
                ("Stands", f"superseded by {by}" if by else "no other supersedes it"),
                ("Checked", "verify_package.py checks signatures and bytes; this page says what the signed manifest says"),
            ]
            self._text(f"covers/{row['landing']}.html", as_html(population_cover(manifest, checks, ())))
            self._tell("covers", number, len(self._facts.landings))

    def _requests(self) -> None:
        for each in self._facts.requests:
            file = self._order.request_files.get(each.name)
            if file is not None:
                path = self._folder / f"requests{file.suffix}"
                write_back(file, path, each.listed, exported(each.standings), each.questions)
                self._file(f"pbc/{each.name}{file.suffix}", path)

    def _references(self) -> None:
        columns, path = REFERENCE_COLUMNS, self._folder / REFERENCES
        write_csv(path, columns, [references(self._facts.store, self._chosen.referred)])
        self._file(REFERENCES, path)

    def _objects(self) -> None:
        done = 0
        with ThreadPoolExecutor(_WORKERS) as pool:
            for start in range(0, len(self._chosen.held), _AHEAD):
                some = self._chosen.held[start : start + _AHEAD]
                for each, pieces in zip(some, pool.map(self._pieces, some), strict=True):
                    self._target.add(f"{BUCKET_FOLDER}{each.key}", pieces, each.size)
                    done += each.size
                    self._tell("objects", done, self.held.bytes)

    def _pieces(self, version: ObjectVersion) -> Iterable[bytes]:
        """Return the bytes of an object: of a small one in memory, so that several are fetched at once; else as they come."""
        store = self._facts.store
        local = store.folder / version.key
        if local.is_file():
            return file_pieces(local)()
        pieces = store.checked_chunks(version)
        return [b"".join(pieces)] if version.size <= _SMALL else pieces
