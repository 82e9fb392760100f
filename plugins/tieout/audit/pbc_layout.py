# SPDX-License-Identifier: Apache-2.0
"""Finds which column of an auditor's list holds what, by its headings. Pure.

1. Headings stand in one row, or in two or three of which the first say what columns have in common ("Client"); a heading is the
   words of all of them, and a merged cell's words are those of each of its columns.
2. A heading is known by words that lists use. Where two columns could be the same field, the one that says it in fewer words is.
3. What was said for a column goes before what is found. Nothing is written into a column that was not found or said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tieout.criteria.pbc import PbcField

LOOKED_AT = 30
"""Rows at the top of a sheet in which headings are looked for."""
MOST_HEADER_ROWS = 3
_WORD = re.compile(r"[a-z]+|#")
_KNOWN: Mapping[PbcField, tuple[str, ...]] = {
    PbcField.ID: ("#", "id", "no", "ref", "reference", "number", "request id", "request no", "request number", "request ref",
                  "request #", "pbc #", "pbc id", "pbc no", "pbc ref", "item #", "item no", "control ref"),
    PbcField.TEXT: ("request", "description", "request description", "requested item", "requested items", "item requested",
                    "evidence requested", "document requested", "documentation requested", "information requested", "pbc item",
                    "request detail", "request details", "evidence request"),
    PbcField.CRITERIA: ("criteria", "criterion", "tsc", "tsc criteria", "tsc ref", "tsc reference", "trust services criteria",
                        "soc criteria", "applicable criteria", "related criteria"),
    PbcField.OWNER: ("owner", "client owner", "assigned to", "assignee", "responsible", "responsible party", "client contact",
                     "poc", "point of contact", "request owner"),
    PbcField.DUE: ("due", "due date", "date due", "needed by", "requested by date", "deadline", "target date"),
    PbcField.AUDITOR_STATUS: ("status", "auditor status", "audit status", "request status", "auditor review",
                              "auditor review status"),
    PbcField.OUR_STATUS: ("client status", "our status", "company status", "management status", "client response status"),
    PbcField.EVIDENCE: ("evidence", "evidence provided", "client evidence", "file name", "file names", "document link", "link",
                        "location of evidence", "evidence location", "client document"),
    PbcField.COMMENT: ("comment", "comments", "client comment", "client comments", "client response", "client notes", "response",
                       "management response"),
}  # fmt: skip
_NAMES = {name: field for field, names in _KNOWN.items() for name in names}


@dataclass(frozen=True, slots=True)
class Found:
    """Where the headings stand, and the column of each field, counted from 0.

    Attributes:
        header_rows: Their rows, counted from 0.
        columns: By field.
        headings: The words of every column.
    """

    header_rows: tuple[int, ...]
    columns: Mapping[PbcField, int]
    headings: tuple[str, ...]


def find_layout(rows: Sequence[Sequence[str]]) -> Found | None:
    """Return where the headings are: the rows that name most fields, a request's text among them; ``None`` where none do.

    Args:
        rows: Texts of the first rows; the cells of a merged one all have its text.
    """
    best: Found | None = None
    for first in range(min(len(rows), LOOKED_AT)):
        for count in range(1, MOST_HEADER_ROWS + 1):
            if first + count > len(rows):
                break
            found = known_columns(rows[first : first + count])
            listed = Found(tuple(range(first, first + count)), found, tuple(headings_of(rows[first : first + count])))
            if PbcField.TEXT in found and (best is None or _is_better(listed, best)):
                best = listed
    return best


def _is_better(found: Found, than: Found) -> bool:
    """Whether more fields are found, or as many in fewer rows: a title above the headings is none of them."""
    return (len(found.columns), -len(found.header_rows)) > (len(than.columns), -len(than.header_rows))


def headings_of(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the heading of each column: its words from all header rows, each once."""
    for column in range(max((len(row) for row in rows), default=0)):
        said = [" ".join(row[column].split()) for row in rows if column < len(row) and row[column].strip()]
        yield " ".join(dict.fromkeys(said))


def known_columns(rows: Sequence[Sequence[str]]) -> dict[PbcField, int]:
    """Return the column of each field that some header rows name."""
    found: dict[PbcField, tuple[int, int]] = {}
    for column, heading in enumerate(headings_of(rows)):
        named = field_of(heading, (row[column] for row in rows if column < len(row)))
        if named is not None:
            size = len(_words(heading))
            if named not in found or size < found[named][1]:
                found[named] = (column, size)
    return {field: column for field, (column, _) in found.items()}


def field_of(heading: str, parts: Iterable[str] = ()) -> PbcField | None:
    """Return the field that a heading names, whole or by the words of one row; ``None`` where it names none.

    Whose status it is, the whole heading has to say: under somebody's name "Status" alone could be anybody's.
    """
    if (named := _NAMES.get(" ".join(_words(heading)))) is not None:
        return named
    others = (_NAMES.get(" ".join(_words(text))) for text in reversed(list(parts)))
    return next((each for each in others if each is not None and each is not PbcField.AUDITOR_STATUS), None)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
