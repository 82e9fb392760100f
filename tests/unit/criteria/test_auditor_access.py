# SPDX-License-Identifier: Apache-2.0
"""Grants: what a file may say, and when each is in force."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tieout.criteria.auditor_access import FILE, Force, Grant, load_grants
from tieout.errors import ConfigurationError

BERLIN = ZoneInfo("Europe/Berlin")
KEY = "responses/observation_period=2026-H1/control=c/x/y/file-" + "0" * 64
VALUES: dict[str, Any] = {
    "id": "examination_2026", "person": "ann@firm.example", "firm": "Firm LLP", "role": "auditor",
    "periods": ["2026-H1"], "from": "2026-07-01", "until": "2026-12-31",
}  # fmt: skip
REPORT: dict[str, Any] = {"role": "report_user", "nda": "nda.txt", "documents": [{"title": "Report", "key": KEY}]}
EXAMPLE = """\
grants:
  - id: examination_2026
    person: ann@firm.example
    firm: Firm LLP
    role: auditor
    periods: [2026-H1]
    from: 2026-07-01
    until: 2026-12-31
"""


def test_it_ends_when_its_last_day_ends_where_the_program_is() -> None:
    grant = Grant.model_validate(VALUES)
    moments = {
        datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC): Force.NOT_YET,
        datetime(2026, 6, 30, 22, tzinfo=UTC): Force.IN_FORCE,
        datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC): Force.IN_FORCE,
        datetime(2026, 12, 31, 23, tzinfo=UTC): Force.ENDED,
    }
    assert {at: grant.standing(at, BERLIN) for at in moments} == moments


def test_a_day_is_enough() -> None:
    assert Grant.model_validate(VALUES | {"until": "2026-07-01"})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"until": "2026-06-30"}, "must not come before from"),
        ({"until": "2028-07-01"}, "expected at most 731 days, got 732"),
        ({"person": "ann"}, "pattern"),
        ({"role": "admin"}, "'auditor' or 'report_user'"),
        ({"id": "Examination 2026"}, "lower-case letters"),
        ({"periods": []}, "at least 1"),
        ({"periods": ["2026-H1", "2026-H1"]}, "expected each period once"),
        ({"periods": ["2026-*"]}, "pattern"),
        ({"documents": [{"title": "Report", "key": KEY}]}, "only for role report_user"),
        (REPORT | {"nda": None}, "expected nda and documents"),
        (REPORT | {"documents": []}, "expected nda and documents"),
        (REPORT | {"documents": [{"title": "Report", "key": KEY.replace("H1", "H2")}]}, "under one of the grant's periods"),
        (REPORT | {"documents": [{"title": "Report", "key": "keys/root.dsse.json"}]}, "under one of the grant's periods"),
    ],
)
def test_what_makes_no_sense_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Grant.model_validate(VALUES | changed)


def test_a_document_stands_under_its_period() -> None:
    grant = Grant.model_validate(VALUES | REPORT)
    assert [each.period for each in grant.documents] == ["2026-H1"]


def test_without_a_file_nobody_has_access(tmp_path: Path) -> None:
    assert load_grants(tmp_path) == ()
    (tmp_path / FILE).write_text(EXAMPLE)
    [grant] = load_grants(tmp_path)
    assert (grant.person, grant.periods) == ("ann@firm.example", ("2026-H1",))


def test_two_grants_do_not_share_an_id(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(EXAMPLE + EXAMPLE.removeprefix("grants:\n"))
    with pytest.raises(ConfigurationError, match="expected each grant once, got examination_2026 twice"):
        load_grants(tmp_path)


def test_an_unknown_key_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(EXAMPLE.replace("firm:", "company:"))
    with pytest.raises(ConfigurationError, match=r"company: unknown key\. Known keys: documents, firm, from, id"):
        load_grants(tmp_path)


def test_the_example_of_the_docstring_is_a_file(tmp_path: Path) -> None:
    import tieout.criteria.auditor_access as module

    assert module.__doc__ is not None
    lines = [line[4:] for line in module.__doc__.splitlines() if line.startswith("    ")]
    (tmp_path / FILE).write_text("\n".join(lines))
    assert [grant.role for grant in load_grants(tmp_path)] == ["auditor", "report_user"]
