# SPDX-License-Identifier: Apache-2.0
"""Official wording over ours: an organisation that licenses the AICPA's text can import it from a file of its own.

What it imports stands in ``include/criteria/licensed/<edition>.yaml``, which git ignores: the text is the AICPA's, and no part of
this project. Where an id has no such text, our own summary stands.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from tieout.criteria.catalogue import Catalogue, Criterion, load_catalogue
from tieout.criteria.overlay_files import Row, read_rows
from tieout.criteria.periods import Stem
from tieout.criteria.scope import load_scope
from tieout.criteria.workbooks import read_bytes
from tieout.documents import MAX_YAML_BYTES, Document, did_you_mean, load
from tieout.errors import ConfigurationError
from tieout.settings import Settings

MAX_TEXT = 4_000
"""Characters of one text; none of the criteria is near this."""
_ID = re.compile(r"(CC|A|C|PI|P)(\d\.\d)(?:-?POF(\d{1,3}))?", re.ASCII)
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
AnyId = Annotated[str, Field(pattern=r"^(CC|A|C|PI|P)\d\.\d(-POF\d+)?$")]


class LicensedTexts(Document):
    """``include/criteria/licensed/<edition>.yaml``: official wording by id, and the file that it came from."""

    edition: Stem
    source_file: str
    source_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    texts: dict[AnyId, Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]]


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A row that no text was taken from."""

    row: int
    why: str


@dataclass(slots=True)
class Matched:
    """What the rows of a file are to the catalogue."""

    texts: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    """Row that each text came from."""
    unmatched: list[Unmatched] = field(default_factory=list)

    def take(self, row: Row, target: str) -> None:
        """Take a row's text for an id, or say why not."""
        why = _refusal(row)
        if target in self.texts:
            why = (
                f"{target} has its text from row {self.rows[target]}. A point of focus stands below its criterion without an id, "
                f"or has one such as {target.partition('-')[0]}-POF1"
            )
        if why:
            self.refuse(row, why)
            return
        self.texts[target], self.rows[target] = row.text.text, row.number

    def refuse(self, row: Row, why: str) -> None:
        """Say why no text was taken from a row."""
        self.unmatched.append(Unmatched(row.number, why))


def _refusal(row: Row) -> str:
    if row.text.refused:
        return f"the text is {row.text.refused}"
    if not row.text.text:
        return "there is no text"
    if len(row.text.text) > MAX_TEXT:
        return f"expected a text of at most {MAX_TEXT} characters, got {len(row.text.text)}"
    return ""


def normalized_id(text: str) -> str | None:
    """Return an id in the catalogue's form: ``cc 6.1`` is ``CC6.1``; ``None`` where the text is no id."""
    found = _ID.fullmatch("".join(text.split()).upper().translate(_DASHES).rstrip(".:"))
    if found is None:
        return None
    return f"{found[1]}{found[2]}" + (f"-POF{int(found[3])}" if found[3] else "")


def match(catalogue: Catalogue, rows: list[Row]) -> Matched:
    """Hold the rows of a file against the catalogue.

    A row's id says what its text is. Rows without an id below a criterion are its points of focus in order, if they are exactly
    as many as it has here; any other number leaves open which is which, and none of them is taken.
    """
    matched = Matched()
    unnamed: dict[str, list[Row]] = {}
    criterion: Criterion | None = None
    for row in rows:
        if not row.id.text and not row.id.refused:
            if criterion is None:
                matched.refuse(row, "it has no id, and no criterion of the catalogue stands above it")
            else:
                unnamed.setdefault(criterion.id, []).append(row)
            continue
        target = normalized_id(row.id.text)
        criterion = catalogue.by_id.get(target.partition("-")[0]) if target else None
        if target in catalogue.by_id or target in catalogue.points:
            matched.take(row, str(target))
        else:
            matched.refuse(row, _unknown(catalogue, row, target))
    for criterion_id, group in unnamed.items():
        _take_in_order(catalogue.by_id[criterion_id], group, matched)
    matched.unmatched.sort(key=lambda each: each.row)
    return matched


def _unknown(catalogue: Catalogue, row: Row, target: str | None) -> str:
    if row.id.refused:
        return f"the id is {row.id.refused}"
    if target is None:
        return f"expected an id such as CC6.1 or CC6.1-POF2, got {row.id.text[:80]!r}"
    hint = did_you_mean(target, [*catalogue.by_id, *catalogue.points])
    return f"{target} is not in the catalogue. {hint}".strip()


def _take_in_order(criterion: Criterion, rows: list[Row], matched: Matched) -> None:
    points = criterion.points_of_focus
    if len(rows) == len(points):
        for row, point in zip(rows, points, strict=True):
            matched.take(row, point.id)
        return
    for row in rows:
        why = f"{len(rows)} rows without an id stand below {criterion.id}, which has {len(points)} points of focus here"
        matched.refuse(row, f"{why}. Give each its id, such as {criterion.id}-POF1")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import took from a file."""

    path: Path | None
    """What was written; ``None`` where no row matched."""
    texts: Mapping[str, str]
    unmatched: tuple[Unmatched, ...]
    without: tuple[str, ...]
    """Ids of the catalogue that got no text."""


def import_texts(settings: Settings, file: Path, sheet: str | None = None, *, replace: bool = False) -> Imported:
    """Import official wording from a file that the organisation licenses.

    Args:
        settings: Of the project.
        file: ``.csv`` or ``.xlsx``, with a column of ids and a column of texts.
        sheet: Sheet of a workbook.
        replace: Whether an earlier import is overwritten.

    Raises:
        ConfigurationError: The file can not be read, or texts were imported before.
    """
    edition = load_scope(settings.scope_file).edition
    catalogue = load_catalogue(settings.criteria_folder / f"{edition}.yaml")
    target = licensed_file(settings, edition)
    if target.exists() and not replace:
        msg = f"{target}: texts were imported before. --replace takes all of them out and imports anew."
        raise ConfigurationError(msg)
    data = read_bytes(file)
    matched = match(catalogue, read_rows(file, data, sheet))
    order = [*_ids(catalogue)]
    texts = {each: matched.texts[each] for each in order if each in matched.texts}
    if texts:
        digest = hashlib.sha256(data).hexdigest()
        _write(target, LicensedTexts(edition=edition, source_file=file.name, source_sha256=digest, texts=texts))
    without = tuple(each for each in order if each not in texts)
    return Imported(target if texts else None, texts, tuple(matched.unmatched), without)


def _ids(catalogue: Catalogue) -> Iterator[str]:
    for criterion in catalogue.criteria:
        yield criterion.id
        yield from (point.id for point in criterion.points_of_focus)


def _write(target: Path, texts: LicensedTexts) -> None:
    head = "# Official wording, imported under the organisation's own licence. Not part of Tieout; git ignores this folder.\n"
    body = yaml.safe_dump(texts.model_dump(), sort_keys=False, allow_unicode=True, width=120)
    data = (head + body).encode()
    if len(data) > MAX_YAML_BYTES:
        msg = f"{target}: expected at most {MAX_YAML_BYTES} bytes of texts, got {len(data)}. Import shorter ones."
        raise ConfigurationError(msg)
    target.parent.mkdir(exist_ok=True)
    partial = target.with_suffix(".partial")
    partial.write_bytes(data)
    partial.replace(target)


def licensed_file(settings: Settings, edition: str) -> Path:
    """Return where the licensed texts of an edition stand."""
    return settings.criteria_folder / "licensed" / f"{edition}.yaml"


def texts(settings: Settings) -> dict[str, str]:
    """Return the licensed text of each id of the scope's edition that has one.

    Raises:
        ConfigurationError: The scope or the licensed texts can not be read.
    """
    path = licensed_file(settings, load_scope(settings.scope_file).edition)
    if not path.exists():
        return {}
    licensed = load(path, LicensedTexts)
    if licensed.edition != path.stem:
        msg = f"{path}: expected edition {path.stem!r}, as the file name says, got {licensed.edition!r}. Import the texts anew."
        raise ConfigurationError(msg)
    return dict(licensed.texts)


def wording(catalogue: Catalogue, overlay: Mapping[str, str], id_: str) -> str:
    """Return the wording of a criterion or a point of focus: the official one where it was imported, else our summary.

    Raises:
        ConfigurationError: The catalogue does not have the id.
    """
    return overlay.get(id_) or summary(catalogue, id_)


def summary(catalogue: Catalogue, id_: str) -> str:
    """Return our own summary of a criterion or a point of focus.

    Raises:
        ConfigurationError: The catalogue does not have the id.
    """
    entry = catalogue.by_id.get(id_) or catalogue.points.get(id_)
    if entry is None:
        hint = did_you_mean(id_, [*catalogue.by_id, *catalogue.points])
        msg = f"no criterion or point of focus {id_!r}. {hint}".strip()
        raise ConfigurationError(msg)
    return entry.summary
