# SPDX-License-Identifier: Apache-2.0
"""Imports an auditor's list into the program's files, and exports it back into the auditor's layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tieout.audit.pbc_import import Changes, Imported, merge_edition, read_requests
from tieout.audit.pbc_layout import LOOKED_AT, MOST_HEADER_ROWS, find_layout, headings_of, known_columns
from tieout.audit.pbc_status import suggest
from tieout.criteria.catalogue import load_catalogue
from tieout.criteria.controls import Control
from tieout.criteria.pbc import FOLDER, DateOrder, Layout, PbcField, PbcMatch, PbcRequest, RequestList
from tieout.criteria.periods import is_stem
from tieout.criteria.scope import load_scope
from tieout.documents import did_you_mean, load
from tieout.errors import ConfigurationError
from tieout.flows.pbc_files import Sheet, read_sheet
from tieout.flows.pbc_written import column_index, column_letter
from tieout.settings import Settings

_HEAD = "# yaml-language-server: $schema=../schemas/pbc.schema.json\n# Written by `tieout pbc import`; matches are kept.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody says of a list's layout, where that is not to be found.

    Attributes:
        sheet: Of the workbook.
        header_rows: Rows of the headings, from 1.
        columns: Letter of a field's column.
        dates: How dates in figures alone are meant.
    """

    sheet: str | None = None
    header_rows: tuple[int, ...] = ()
    columns: Mapping[PbcField, str]
    dates: DateOrder | None = None


@dataclass(frozen=True, slots=True)
class ImportedList:
    """An edition that was read.

    Attributes:
        requests: The list as it stands now.
        imported: What the file came to.
        changes: Against the edition before.
    """

    requests: RequestList
    imported: Imported
    changes: Changes


def list_file(settings: Settings, name: str) -> Path:
    """Return the file of a list.

    Raises:
        ConfigurationError: No list can have such a name.
    """
    try:
        is_stem(name)
    except ValueError as error:
        msg = f"PBC list {name!r}: {error}."
        raise ConfigurationError(msg) from error
    return settings.criteria_folder / FOLDER / f"{name}.yaml"


def read_list(settings: Settings, name: str) -> RequestList:
    """Return a list that was imported.

    Raises:
        ConfigurationError: There is none, or its file is wrong.
    """
    path = list_file(settings, name)
    if not path.exists():
        there = ", ".join(sorted(each.stem for each in path.parent.glob("*.yaml"))) or "none"
        msg = f"no PBC list {name!r}: expected {path}. Lists there: {there}. `tieout pbc import` makes one."
        raise ConfigurationError(msg)
    return load(path, RequestList)


def import_list(settings: Settings, name: str, file: Path, period: str | None, said: Said) -> ImportedList:
    """Read an edition of an auditor's list; the layout of the edition before is taken where nothing else is said.

    Args:
        settings: The installation's.
        name: Of the list.
        file: The auditor's workbook or CSV file.
        period: The observation period that it is for; needed for a new list.
        said: What is said of its layout.

    Raises:
        ConfigurationError: The file can not be read, its headings are not found, or there is no such period.
    """
    scope = load_scope(settings.scope_file)
    before = read_list(settings, name) if list_file(settings, name).exists() else None
    known = [each.id for each in scope.observation_periods]
    found_period = period or (before.observation_period if before else None)
    if found_period not in known:
        got = f"got {found_period!r}" if found_period else "got none"
        msg = f"PBC list {name!r}: expected the period that it is for (--period), {got}. Periods: {', '.join(known)}."
        raise ConfigurationError(msg)
    sheet = read_sheet(file, said.sheet or (before.layout.sheet if before else None))
    layout = _layout(file, sheet, said, before.layout if before else None)
    columns = {field: column_index(letter) for field, letter in layout.columns.items()}
    catalogue = load_catalogue(settings.criteria_folder / f"{scope.edition}.yaml")
    last = layout.header_rows[-1]
    below = ((number, row) for number, row in enumerate(sheet.rows[last:], start=last + 1))
    imported = read_requests(below, columns, layout.dates, list(catalogue.by_id))
    if not imported.requests:
        where = f"below row {last}, in column {layout.columns[PbcField.TEXT]}"
        msg = f"{file}: expected requests {where}, got none. Say where they are: --header-rows 3 --column text=C."
        raise ConfigurationError(msg)
    requests, changes = merge_edition(before.requests if before else (), imported.requests)
    made = RequestList(
        observation_period=found_period, file=file.name, file_sha256=sheet.sha256, layout=layout, requests=requests
    )
    return ImportedList(made, imported, changes)


def write_list(settings: Settings, name: str, requests: RequestList) -> Path:
    """Write a list's file; it appears whole or not at all."""
    path = list_file(settings, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    said = requests.model_dump(mode="json", exclude_defaults=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(_HEAD + yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=130), encoding="utf-8")
    partial.replace(path)
    return path


def _layout(file: Path, sheet: Sheet, said: Said, before: Layout | None) -> Layout:
    """Return the layout: as it was of the edition before, where nothing else is said; else what is said and found.

    Raises:
        ConfigurationError: The headings are not found, or are not those of the edition before.
    """
    if before is not None and not said.header_rows and not said.columns:
        found = _headings(sheet, before.header_rows, before.columns)
        for field, heading in before.headings.items():
            if found.get(field) != heading:
                msg = (
                    f"{file}: column {before.columns[field]} ({field}): expected the heading {heading!r} of the edition before, "
                    f"got {found.get(field, '')!r}. Say what is where: --header-rows, --column {field}=..."
                )
                raise ConfigurationError(msg)
        return before.model_copy(update={"sheet": sheet.name, "dates": said.dates or before.dates})
    if said.header_rows:
        header_rows = said.header_rows
        texts = sheet.texts(header_rows[-1])
        places = known_columns([texts[number - 1] for number in header_rows if number <= len(texts)])
    else:
        best = find_layout(sheet.texts(LOOKED_AT + MOST_HEADER_ROWS))
        if best is None:
            raise ConfigurationError(_no_headings(file, sheet))
        header_rows, places = tuple(number + 1 for number in best.header_rows), dict(best.columns)
    taken = set(said.columns.values())
    letters = {field: letter for field, place in places.items() if (letter := column_letter(place)) not in taken}
    letters |= said.columns
    if PbcField.TEXT not in letters:
        raise ConfigurationError(_no_headings(file, sheet))
    columns = {field: letters[field] for field in PbcField if field in letters}
    headings = _headings(sheet, header_rows, columns)
    return Layout(sheet=sheet.name, header_rows=header_rows, columns=columns, headings=headings, dates=said.dates)


def _headings(sheet: Sheet, header_rows: Sequence[int], columns: Mapping[PbcField, str]) -> dict[PbcField, str]:
    texts = sheet.texts(header_rows[-1])
    words = list(headings_of([texts[number - 1] for number in header_rows if number <= len(texts)]))
    places = {field: column_index(letter) for field, letter in columns.items()}
    return {field: words[place] if place < len(words) else "" for field, place in places.items()}


def _no_headings(file: Path, sheet: Sheet) -> str:
    rows = [[text for text in row if text] for row in sheet.texts(LOOKED_AT)]
    widest = max(rows, key=len, default=[])
    shown = ", ".join(widest[:12]) or "nothing"
    return (
        f"{file}: expected headings, one of them of the requests' text, in the first {LOOKED_AT} rows; the row that says most "
        f"says: {shown}. Say where they are: --header-rows 3 --column text=C --column id=A."
    )


def match_request(requests: RequestList, request_id: str, match: PbcMatch, controls: Mapping[str, Control]) -> RequestList:
    """Return a list in which somebody has matched a request; a suggestion of the same control is confirmed by it.

    Raises:
        ConfigurationError: There is no such request, control or system, or nobody says that it matches.
    """
    known = {each.id: each for each in requests.requests}
    if request_id not in known:
        msg = f"no request {request_id!r} in this list. {did_you_mean(request_id, known)}".rstrip()
        raise ConfigurationError(msg)
    if match.is_suggestion:
        msg = f"request {request_id!r}: expected who says that it matches (--by), got nobody."
        raise ConfigurationError(msg)
    if match.control not in controls:
        msg = f"no control {match.control!r}. {did_you_mean(match.control, controls)}".rstrip()
        raise ConfigurationError(msg)
    if match.system is not None:
        controls[match.control].source(match.system)
    request = known[request_id]
    others = [each for each in request.matches if not (each.is_suggestion and each.control == match.control) and each != match]
    return _with(requests, {request_id: request.model_copy(update={"matches": (*others, match)})})


def suggest_matches(requests: RequestList, controls: Mapping[str, Control]) -> RequestList:
    """Return a list whose requests without any match have suggestions, where something speaks for a control."""
    bare = [each for each in requests.requests if not each.matches and not each.withdrawn]
    return _with(requests, {each.id: each.model_copy(update={"matches": suggest(each, controls)}) for each in bare})


def _with(requests: RequestList, changed: Mapping[str, PbcRequest]) -> RequestList:
    return requests.model_copy(update={"requests": tuple(changed.get(each.id, each) for each in requests.requests)})
