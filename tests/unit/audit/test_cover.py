# SPDX-License-Identifier: Apache-2.0
"""A population's cover says what the manifest says, and nothing that a source put there runs or breaks out of the page."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from tests.unit.evidence.signed_copy import PLACES, predicate

from tieout.audit.cover import MOST, plain, population_cover, shortlist
from tieout.audit.cover_page import as_html, as_text
from tieout.evidence.manifest import Manifest, Subject

HOSTILE = '<script>alert(1)</script>" onload="x" $title \u202e\x1b[31m'
IPE: dict[str, Any] = {
    "kind": "population for testing",
    "system": "github",
    "environment": "production",
    "collector": "rest",
    "source": {"kind": "REST API", "location": "https://api.example", "account": None},
    "request": {"query": "GET /items\npage=1", "parameters": {"since": "2026-10-01", "name": HOSTILE}},
    "credential": {"identity": "reader", "read_only_proof": "scope read:items"},
    "started_at": "2026-11-02T04:00:00.000000Z",
    "finished_at": "2026-11-02T05:00:00.000000Z",
    "source_total": {"rows": 12, "how": "the header X-Total"},
    "second_count": {"rows": 12, "how": "GET /count", "class": "other endpoint"},
    "rows_read": 12,
    "rows_in_window": 9,
    "drops": [
        {"reason": "outside the window", "rows": 1, "keys": ["thing-1"]},
        {"reason": "excluded: test data", "rows": 2, "keys": [f"thing-{number}" for number in range(30)]},
    ],
    "first": {"key": "thing-2", "time": "2026-10-01T00:00:00.000000Z"},
    "last": None,
    "sequence_gaps": {"checked": True, "missing": 1, "gaps": [[7, 8]]},
    "clock_offset": {"seconds": 1.5, "how": "the header Date"},
    "blind_spots": ["Deleted items are not shown."],
    "pages": [],
    "code": {},
    "airflow": {"dag_id": "changes", "run_id": "window__2026-10", "task_id": "collect", "try_number": 2},
    "attempts": [{"answer": "429", "count": 3}],
    "a_field_of_tomorrow": {"seen": True},
}


def manifest(ipe: dict[str, Any] = IPE, **said: Any) -> Manifest:
    document = {**predicate(PLACES[0], "github-1", 9, "b" * 64, "c" * 64), "ipe": ipe, **said}
    parts = tuple(Subject(f"evidence/thing/part-{number}", "d" * 64, "v1", "part", 3, "e" * 64) for number in range(7))
    return Manifest("manifests/here.dsse.json", "f" * 64, parts, document)


def said(cover: Any, section: str) -> list[tuple[str, str]]:
    return next(list(each.lines) for each in cover.sections if each.title == section)


def test_everything_an_auditor_asks_of_a_population_is_on_the_page() -> None:
    cover = population_cover(manifest(), [("Checked", "intact: signature")], [("CSV", "rows.csv, 9 rows")])
    assert cover.statement == "S."
    assert ("Query", "GET /items\npage=1") in said(cover, "Source and request")
    assert ("Blind spot", "Deleted items are not shown.") in said(cover, "Source and request")
    who = dict(said(cover, "Who read it, and when"))
    assert who["Run by"] == "DAG changes, run window__2026-10, task collect, try 2"
    assert who["Landed at"] == "2026-11-02T06:00:00.000000Z, asserted by the entity"
    counts = said(cover, "Completeness and accuracy")
    assert ("Second count", "12, class: other endpoint (GET /count)") in counts
    assert ("Dropped", "1 outside the window: thing-1") in counts
    assert ("Second count less drops", "9; rows in the window less that: 0") in counts
    assert ("First row", "thing-2 at 2026-10-01T00:00:00.000000Z") in counts
    assert ("Last row", "none") in counts
    assert ("Sequence gaps", "checked: yes; missing: 1; gaps: 7, 8") in counts
    seal = said(cover, "Seal")
    assert ("Part", "and 2 more, in the manifest") in seal
    assert ("Manifest", f"manifests/here.dsse.json, SHA-256 {'f' * 64}") in seal
    assert seal[-1] == ("Checked", "intact: signature")
    assert said(cover, "Files") == [("CSV", "rows.csv, 9 rows")]


def test_fields_that_are_not_known_here_are_printed_all_the_same() -> None:
    further = said(population_cover(manifest(), [], []), "Further fields of the IPE record")
    assert further == [("A field of tomorrow", "seen: yes"), ("Attempts", "answer: 429; count: 3")]


def test_a_record_that_says_little_makes_a_cover_all_the_same() -> None:
    cover = population_cover(manifest({"pages": []}), [], [])
    assert ("Query", "none") in said(cover, "Source and request")
    assert "Further fields of the IPE record" not in [section.title for section in cover.sections]


def test_rules_that_are_not_met_and_control_rules_are_listed() -> None:
    result = {"rule": "r", "name": "A rule", "expectation": "e", "observed": None, "met": 9, "not_met": 0, "not_determinable": 0}
    results = [{**result, "kind": "contract", "result": "met"}, {**result, "kind": "control", "result": "not determinable"}]
    lines = said(population_cover(manifest(rule_results=results), [], []), "Rules and performances")
    assert lines[:2] == [
        ("Contract rules", "1 of 1 met"),
        ("Control rule", "A rule: not determinable (met 9, not met 0, not determinable 0)"),
    ]


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_nothing_that_a_source_says_becomes_markup() -> None:
    page = _Page()
    html = as_html(population_cover(manifest(), [("Checked", HOSTILE)], [(HOSTILE, HOSTILE)]))
    page.feed(html)
    assert {tag for tag, _ in page.tags} == {
        "html", "head", "meta", "title", "style", "body", "main", "h1", "p", "blockquote", "section", "h2", "table", "tr", "th",
        "td",
    }  # fmt: skip
    assert not [
        attributes for _, attributes in page.tags if "onload" in attributes or "src" in attributes or "href" in attributes
    ]
    assert '<script>alert(1)</script>" onload="x" $title' in page.text
    assert "\x1b" not in html
    assert "\u202e" not in html


def test_the_page_can_be_read_without_seeing_it() -> None:
    page = _Page()
    page.feed(as_html(population_cover(manifest(), [], [])))
    tags = page.tags
    assert ("html", {"lang": "en"}) in tags
    headings = {attributes["id"] for tag, attributes in tags if tag == "h2"}
    assert {attributes["aria-labelledby"] for tag, attributes in tags if tag in ("section", "table")} == headings
    assert all(attributes == {"scope": "row"} for tag, attributes in tags if tag == "th")
    policy = next(attributes["content"] for tag, attributes in tags if attributes.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_text_is_wrapped_and_steers_no_terminal() -> None:
    text = as_text(population_cover(manifest(), [], []))
    assert "\x1b" not in text
    assert "\\u202e" in text
    assert all(len(line) <= 128 for line in text.splitlines())
    assert "Query                     GET /items\n                          page=1\n" in text


def test_lists_are_cut_and_say_so() -> None:
    assert shortlist(range(3)) == "0, 1, 2"
    assert shortlist(range(MOST + 5)).endswith("9, and 5 more")
    assert plain([]) == plain({}) == plain(None) == plain("") == "none"
