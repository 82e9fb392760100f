# SPDX-License-Identifier: Apache-2.0
"""Evidence for auditors: what a grant shows, that a link is recorded before it is given, and every way in which there is none."""

from __future__ import annotations

import hashlib
import html
import logging
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.unit.flows.campaign_bench import make_signers, retention, store_client
from tests.unit.web import test_html
from tests.unit.web.access_bench import ANN, CONTROL, GRANT, OTHER, AccessBench, day, grant, now
from tests.unit.web.browsing import KEY
from tests.unit.web.test_cross_site import CROSS
from tests.unit.web.test_html import Outline

from tieout.errors import StoreUnavailable
from tieout.evidence.keys import DocumentSigner, Scope
from tieout.evidence.layout import Place
from tieout.evidence.records import Record, RecordKind, write_record
from tieout.flows.access_reading import MOST
from tieout.flows.snapshot import CLOSE_WINDOW, PROGRAM
from tieout.times import parse_instant
from tieout.web.stamps import Bearer, Stamp, write

_NUMBERS = count()
Make = Callable[..., AccessBench]
ZERO = "0" * 64


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with store_client() as made:
        yield made


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> dict[Scope, DocumentSigner]:
    return make_signers(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def make(client: Any, signers: dict[Scope, DocumentSigner], tmp_path: Path, repository: Path) -> Iterator[Make]:
    made: list[AccessBench] = []

    def bench(**more: Any) -> AccessBench:
        name = f"access-{next(_NUMBERS)}"
        made.append(AccessBench(client, signers, tmp_path / name, repository, name, **more))
        return made[-1]

    yield bench
    for each in made:
        each.world.pool.close()


@pytest.fixture
def bench(make: Make) -> AccessBench:
    return make()


def link_in(text: str) -> str:
    """Return the link on a page."""
    [found] = re.findall(r'<a class="button" href="(https://[^"]+)"', text)
    return html.unescape(found)


def refused(bench: AccessBench, answer: Any, status: int, said: str) -> None:
    """Hold that there is no link, that it is said why, and that nothing is recorded."""
    assert answer.status_code == status
    assert said in html.unescape(answer.text)
    assert "X-Amz-Signature" not in answer.text
    assert bench.recorded() == []


def test_from_the_first_page_to_the_objects_of_a_landing(bench: AccessBench) -> None:
    get = bench.world.get
    assert 'href="/tieout/evidence"' in get("/tieout/", user=ANN).text
    first = get("/tieout/evidence", user=ANN).text
    assert "Firm &lt;b&gt;LLP&lt;/b&gt;" in first
    controls = get(f"/tieout/evidence/{GRANT}/current", user=ANN).text
    assert re.findall(rf'href="/tieout/evidence/{GRANT}/current/([^"]+)"', controls) == [OTHER, CONTROL]
    landings = get(f"/tieout/evidence/{GRANT}/current/{CONTROL}", user=ANN).text
    assert f'href="{bench.page()}"' in landings
    assert "thing.v1" in landings
    shown = re.findall(r'name="object" value="([^"]+)"', get(bench.page(), user=ANN).text)
    assert shown == [*bench.keys("manifests/"), *bench.keys("evidence/"), *bench.keys("raw/")]
    assert len(shown) == 4
    assert bench.recorded() == []


@pytest.mark.parametrize("folder", ["manifests/", "evidence/", "raw/"])
def test_a_link_is_to_the_version_that_landed_for_five_minutes_to_be_saved_and_recorded(bench: AccessBench, folder: str) -> None:
    key = bench.keys(folder)[0]
    [landed] = [each.version_id for each in bench.store.versions(key)]
    bench.client.put_object(Bucket=bench.store.bucket, Key=key, Body=b"shadow")
    before = now()
    answer = bench.ask(bench.page(), key)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    url = urlsplit(link_in(answer.text))
    said = {name: value for name, [value] in parse_qs(url.query).items()}
    assert url.path.lstrip("/") == key.replace("=", "%3D")
    assert (said["versionId"], said["X-Amz-Expires"], said["response-content-disposition"]) == (landed, "300", "attachment")
    assert said["X-Amz-Credential"].startswith("AKIALINKS/")
    [recorded] = bench.recorded()
    [use] = bench.uses()
    assert (recorded.person, use.grant, use.role, use.firm) == ("ann@firm.example", GRANT, "auditor", "Firm <b>LLP</b>")
    assert (use.key, use.version_id, use.access_key_id, use.nda_sha256) == (key, landed, "AKIALINKS", None)
    assert timedelta(seconds=298) <= parse_instant(use.valid_until) - before <= timedelta(seconds=310)
    assert recorded.key.startswith(f"responses/observation_period=current/control={PROGRAM}/evidence_access/{GRANT}/")
    assert recorded.key.split("/")[-1].removesuffix(".dsse.json") in answer.text
    assert "X-Amz" not in str(bench.store.read(recorded.key, None))


def test_asked_twice_it_is_recorded_twice(bench: AccessBench) -> None:
    key, token = bench.keys("manifests/")[0], bench.token(bench.page())
    for _ in range(2):
        assert bench.ask(bench.page(), key, token=token).status_code == 200
    assert len(bench.uses()) == 2


def test_where_it_can_not_be_recorded_there_is_no_link(bench: AccessBench, monkeypatch: pytest.MonkeyPatch) -> None:
    token = bench.token(bench.page())

    def broken(*_: Any, **__: Any) -> str:
        raise StoreUnavailable("no answer")

    monkeypatch.setattr(type(bench.store), "put_locked", broken)
    answer = bench.ask(bench.page(), bench.keys("manifests/")[0], token=token)
    monkeypatch.undo()
    refused(bench, answer, 503, "There is no link.")


def test_where_nothing_signs_responses_there_is_no_link(bench: AccessBench, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_key() -> DocumentSigner:
        raise StoreUnavailable("no key")

    monkeypatch.setitem(vars(bench.desk), "signer", no_key)
    refused(bench, bench.ask(bench.page(), bench.keys("manifests/")[0]), 503, "There is no link.")


@pytest.mark.parametrize(
    ("grants", "said"),
    [
        ([], "No access to evidence is recorded for you."),
        ([grant(person="ben@firm.example")], "No access to evidence is recorded for you."),
        ([grant(until=day(-2), **{"from": day(-9)})], f"ended with {day(-2)}"),
        ([grant(until=day(9), **{"from": day(3)})], f"begins on {day(3)}"),
        ([grant(id="another")], "No access to evidence is recorded for you."),
        ([grant(periods=["past"])], "does not reach evidence of this period"),
    ],
)
def test_without_a_grant_in_force_nothing_is_shown_or_given(bench: AccessBench, grants: list[Any], said: str) -> None:
    page, token = bench.page(), bench.token(bench.page())
    bench.grants(*grants)
    refused(bench, bench.ask(page, bench.keys("manifests/")[0], token=token), 403, said)
    refused(bench, bench.world.get(page, user=ANN), 403, said)
    refused(bench, bench.world.get(page.rpartition("/")[0], user=ANN), 403, said)


def test_a_broken_file_of_grants_lets_nobody_in_and_keeps_nobody_from_reviews(bench: AccessBench) -> None:
    page, token = bench.page(), bench.token(bench.page())
    bench.grants({**grant(), "until": "never"})
    assert bench.world.get("/tieout/", user=ANN).status_code == 200
    refused(bench, bench.ask(page, bench.keys("manifests/")[0], token=token), 500, "Tieout can not answer this.")


def test_who_has_no_grant_is_not_shown_the_way(bench: AccessBench) -> None:
    assert "/tieout/evidence" not in bench.world.get("/tieout/", user="ben").text
    refused(bench, bench.world.get("/tieout/evidence", user="ben"), 403, "No access to evidence is recorded for you.")


def test_a_key_that_is_not_of_the_landing_is_refused(bench: AccessBench) -> None:
    others = [
        *bench.keys("evidence/", control=OTHER), *bench.keys("manifests/", period="next"), *bench.keys("raw/", period="past"),
        "keys/root.dsse.json", "README.md", "", "../README.md", bench.keys("evidence/")[0] + "x",
    ]  # fmt: skip
    for key in others:
        refused(bench, bench.ask(bench.page(), key), 403, "There is no such object")


@pytest.mark.parametrize(
    "path", [f"{GRANT}/next", f"{GRANT}/next/{CONTROL}", "nobody/current", f"{GRANT}/none", f"{GRANT}/current%2Fcontrol=x"]
)
def test_another_period_or_grant_is_not_shown(bench: AccessBench, path: str) -> None:
    assert bench.world.get(f"/tieout/evidence/{path}", user=ANN).status_code in (403, 404)


def test_a_landing_that_is_not_there_is_not_shown(bench: AccessBench) -> None:
    for path in (f"{CONTROL}/github-{ZERO[:32]}", f"{CONTROL}/%2e%2e", "none", f"{CONTROL}/{bench.landings['current', OTHER]}"):
        assert bench.world.get(f"/tieout/evidence/{GRANT}/current/{path}", user=ANN).status_code in (403, 404), path


def test_what_a_manifest_names_of_another_period_is_not_given(bench: AccessBench) -> None:
    foreign = bench.keys("evidence/", period="next")[0]
    stolen = bench.keys("manifests/", period="next")[0].replace("period=next", "period=current").replace("2026-10", "2026-11")
    data = bench.store.read(bench.keys("manifests/", period="next")[0], None)
    assert data is not None
    bench.client.put_object(Bucket=bench.store.bucket, Key=stolen, Body=data)
    page = f"/tieout/evidence/{GRANT}/current/{CONTROL}/{bench.landings['next', CONTROL]}"
    assert foreign not in bench.world.get(page, user=ANN).text
    refused(bench, bench.ask(page, foreign), 403, "There is no such object")


def test_raw_pages_need_an_identity_that_may_read_them(make: Make) -> None:
    bench = make(raw=False)
    [raw] = bench.keys("raw/")
    assert f'value="{raw}"' not in bench.world.get(bench.page(), user=ANN).text
    refused(bench, bench.ask(bench.page(), raw), 403, "TIEOUT_LINKS_CONN_ID")
    assert bench.ask(bench.page(), bench.keys("evidence/")[0]).status_code == 200


def test_a_form_that_is_not_of_the_page_is_refused(bench: AccessBench) -> None:
    key, page = bench.keys("manifests/")[0], bench.page()
    bench.grants(grant(), grant(id="bens", person="ben@firm.example"))
    others = bench.token(bench.page(grant="bens"), "ben")
    for token in ("", "x.y", bench.token(bench.page(control=OTHER)), others):
        refused(bench, bench.ask(page, key, token=token), 403, "was not made for you")
    good = bench.token(page)
    for fields in ({"token": good}, {"token": good, "object": key, "sha256": ZERO}, {"token": good, "object": "x" * 1025}):
        refused(bench, bench.send(page, fields), 400, "not what this page asks for")
    path = page.removeprefix("/tieout")
    for hours, status in ((13, 403), (-1, 403), (11, 200)):
        opened_ms = int((now() - timedelta(hours=hours)).timestamp() * 1000)
        stamp = Stamp(items=(), number=1, of=1, total=0, answered=0, due=0, opened_ms=opened_ms, presented="", language="en-GB")
        token = write(stamp, KEY, Bearer("ann@firm.example", "evidence access", path))
        assert bench.ask(page, key, token=token).status_code == status
    assert len(bench.uses()) == 1


@pytest.mark.parametrize("headers", CROSS, ids=str)
def test_a_form_from_elsewhere_is_refused(bench: AccessBench, headers: dict[str, str]) -> None:
    token = bench.token(bench.page())
    sent = {"x-user": ANN, **headers}
    fields = {"object": bench.keys("manifests/")[0], "token": token}
    refused(bench, bench.world.send("POST", bench.page(), data=fields, headers=sent), 403, "from another site")


def test_no_log_holds_a_link_or_who_asked(bench: AccessBench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("botocore.auth").setLevel(logging.INFO)  # as `tieout.web.connections` has it
    link = link_in(bench.ask(bench.page(), bench.keys("evidence/")[0]).text)
    signature = parse_qs(urlsplit(link).query)["X-Amz-Signature"][0]
    assert signature not in caplog.text
    assert "ann@" not in caplog.text


def close(bench: AccessBench, period: str) -> None:
    """Record that a period is closed."""
    place = Place(period, PROGRAM, CLOSE_WINDOW)
    closed = Record(
        place=place, kind=RecordKind.CLOSED, system=PROGRAM, reason="Done.", by="test", at=now(), facts={"observation_period": {}}
    )
    write_record(closed, bench.store, bench.signers[Scope.LANDING], retention())


def test_after_the_close_of_a_period_a_use_stands_under_the_one_that_is_open(bench: AccessBench) -> None:
    close(bench, "past")
    assert bench.ask(bench.page("past"), bench.keys("manifests/", period="past")[0]).status_code == 200
    [recorded] = bench.recorded()
    assert recorded.key.startswith("responses/observation_period=current/")


def test_where_no_period_is_open_there_is_no_link_and_trying_again_does_not_help(bench: AccessBench) -> None:
    for period in ("past", "current"):
        close(bench, period)
    answer = bench.ask(bench.page("past"), bench.keys("manifests/", period="past")[0])
    refused(bench, answer, 500, "Trying again will not help.")


def test_many_landings_come_some_at_a_time(bench: AccessBench) -> None:
    page = f"/tieout/evidence/{GRANT}/current/{CONTROL}"
    key = bench.keys("manifests/")[0]
    data = bench.store.read(key, None)
    for number in range(MOST):
        bench.client.put_object(Bucket=bench.store.bucket, Key=key.replace("2026-10", f"2026-11-{number:03}"), Body=data)
    first = bench.world.get(page, user=ANN).text
    assert f"1 to {MOST} of {MOST + 1}" in first
    assert f'href="{page}?from={MOST}"' in first
    last = bench.world.get(f"{page}?from={MOST}", user=ANN).text
    assert f"{MOST + 1} to {MOST + 1} of {MOST + 1}" in last
    assert f'href="{page}?from=0"' in last
    for odd in ("-1", "x", "99999999", str(MOST + 1), "²"):
        assert bench.world.get(f"{page}?from={odd}", user=ANN).status_code in (400, 404)


def report_user(bench: AccessBench, **changes: Any) -> tuple[str, str]:
    """Have Ann be a report user of one document, and return its key and the hash of what she has to accept."""
    sha256 = hashlib.sha256(b"the report").hexdigest()
    key = Place("current", CONTROL, "").file("report", "file", sha256)
    bench.store.put_locked(key, b"the report", sha256, retention())
    documents = [{"title": "SOC 2 <i>report</i>", "key": key}]
    values = {"role": "report_user", "nda": "nda.txt", "documents": documents, "periods": ["current"]} | changes
    bench.grants(grant(**values))
    return key, bench.nda()


TERMS, REPORTS = f"/tieout/evidence-terms/{GRANT}", f"/tieout/evidence/{GRANT}"


def test_a_report_user_reads_after_accepting_and_not_before(bench: AccessBench) -> None:
    key, sha256 = report_user(bench)
    first = bench.world.get("/tieout/evidence", user=ANN).text
    assert TERMS in first
    page = bench.world.get(REPORTS, user=ANN).text
    assert "What is &lt;i&gt;read&lt;/i&gt; here stays here." in page
    assert sha256 in page
    assert key not in page
    stolen = bench.token(TERMS)
    refused(bench, bench.ask(REPORTS, key, token=stolen), 403, "was not made for you")
    answer = bench.send(TERMS, {"sha256": sha256, "token": stolen})
    assert answer.status_code == 200
    [accepted] = bench.acceptances()
    assert (accepted.grant, accepted.nda_sha256) == (GRANT, sha256)
    assert "SOC 2 &lt;i&gt;report&lt;/i&gt;" in bench.world.get(REPORTS, user=ANN).text
    given = bench.ask(REPORTS, key)
    assert given.status_code == 200
    assert parse_qs(urlsplit(link_in(given.text)).query)["versionId"] == [bench.store.versions(key)[0].version_id]
    [use] = bench.uses()
    assert (use.key, use.role, use.nda_sha256) == (key, "report_user", sha256)
    assert "Nothing to accept" in bench.world.get(TERMS, user=ANN).text


def test_accepted_twice_it_is_stored_once(bench: AccessBench) -> None:
    _, sha256 = report_user(bench)
    token = bench.token(TERMS)
    for _ in range(2):
        assert bench.send(TERMS, {"sha256": sha256, "token": token}).status_code == 200
    assert len(bench.acceptances()) == 1


def test_a_changed_text_is_accepted_anew(bench: AccessBench) -> None:
    key, sha256 = report_user(bench)
    assert bench.send(TERMS, {"sha256": sha256, "token": bench.token(TERMS)}).status_code == 200
    token = bench.token(REPORTS)
    other = bench.nda("Another text.\n")
    answer = bench.ask(REPORTS, key, token=token)
    assert (answer.status_code, bench.uses()) == (403, [])
    assert "has to be accepted first" in answer.text
    assert bench.send(TERMS, {"sha256": sha256, "token": bench.token(TERMS)}).status_code == 409
    assert bench.send(TERMS, {"sha256": other, "token": bench.token(TERMS)}).status_code == 200
    assert {each.nda_sha256 for each in bench.acceptances()} == {sha256, other}
    assert bench.ask(REPORTS, key).status_code == 200
    assert [each.nda_sha256 for each in bench.uses()] == [other]


def test_a_report_user_is_shown_no_period_and_no_other_object(bench: AccessBench) -> None:
    key, sha256 = report_user(bench)
    assert bench.send(TERMS, {"sha256": sha256, "token": bench.token(TERMS)}).status_code == 200
    for path in (bench.page(), f"{REPORTS}/current", f"{REPORTS}/current/{CONTROL}"):
        assert bench.world.get(path, user=ANN).status_code == 403
    for other in (*bench.keys("evidence/"), *bench.keys("raw/"), "keys/root.dsse.json", key + "x"):
        answer = bench.ask(REPORTS, other)
        assert (answer.status_code, bench.uses()) == (403, [])


def test_an_auditor_with_a_text_accepts_it_first_too(bench: AccessBench) -> None:
    key, token, sha256 = bench.keys("evidence/")[0], bench.token(bench.page()), bench.nda()
    bench.grants(grant(nda="nda.txt"))
    for path in (bench.page(), f"{REPORTS}/current", f"{REPORTS}/current/{CONTROL}"):
        text = bench.world.get(path, user=ANN).text
        assert "Please read this first" in text
        assert key not in text
    refused(bench, bench.ask(bench.page(), key, token=token), 403, "has to be accepted first")
    bench.send(TERMS, {"sha256": sha256, "token": bench.token(TERMS)})
    assert bench.ask(bench.page(), key, token=token).status_code == 200


def test_an_acceptance_that_no_key_of_responses_signed_counts_for_nothing(bench: AccessBench) -> None:
    _, sha256 = report_user(bench)
    bench.desk.__dict__["signer"] = lambda: bench.signers[Scope.LANDING]
    answer = bench.send(TERMS, {"sha256": sha256, "token": bench.token(TERMS)})
    assert "does not show it yet" in answer.text
    assert "Please read this first" in bench.world.get(REPORTS, user=ANN).text
    [recorded] = bench.recorded()
    assert recorded.said is None
    assert str(recorded.problem).startswith("tampered: ")


def test_somebody_elses_acceptance_counts_for_nobody_else(bench: AccessBench) -> None:
    _, sha256 = report_user(bench)
    bench.send(TERMS, {"sha256": sha256, "token": bench.token(TERMS)})
    assert len(bench.acceptances()) == 1
    report_user(bench, person="ben@firm.example")
    assert "Please read this first" in bench.world.get(REPORTS, user="ben").text
    assert bench.world.get(REPORTS, user=ANN).status_code == 403


@pytest.mark.parametrize("broken", [b"", b"\xff\xfe\x00", b"x" * 100_001])
def test_a_text_that_can_not_be_shown_lets_nobody_read(bench: AccessBench, broken: bytes) -> None:
    key, _ = report_user(bench)
    (bench.folder / "nda.txt").write_bytes(broken)
    assert bench.world.get(REPORTS, user=ANN).status_code == 500
    assert bench.world.get(TERMS, user=ANN).status_code == 500
    assert bench.recorded() == []
    assert key not in bench.world.get(REPORTS, user=ANN).text


@pytest.fixture(scope="module")
def outlines(
    client: Any, signers: dict[Scope, DocumentSigner], tmp_path_factory: pytest.TempPathFactory, repository: Path
) -> dict[str, Outline]:
    """Return one page of each kind."""
    name = "access-outlines"
    bench = AccessBench(client, signers, tmp_path_factory.mktemp(name) / name, repository, name)
    get, key, control = bench.world.get, bench.keys("evidence/")[0], f"{REPORTS}/current/{CONTROL}"
    paths = {"grants": "/tieout/evidence", "grant": REPORTS, "controls": f"{REPORTS}/current", "landings": control}
    found = {kind: get(path, user=ANN).text for kind, path in (paths | {"objects": bench.page()}).items()}
    found |= {"link": bench.ask(bench.page(), key).text, "no link": bench.ask(bench.page(), "x").text}
    found["nothing landed"] = get(f"{REPORTS}/past/none", user=ANN).text
    _, sha256 = report_user(bench)
    found |= {"no period": get(bench.page(), user=ANN).text, "terms": get(REPORTS, user=ANN).text}
    found["accepted"] = bench.send(TERMS, {"sha256": sha256, "token": bench.token(TERMS)}).text
    found |= {"documents": get(REPORTS, user=ANN).text, "nothing to accept": get(TERMS, user=ANN).text}
    bench.grants()
    found["no access"] = get("/tieout/evidence", user=ANN).text
    bench.world.pool.close()
    return {kind: Outline(text) for kind, text in found.items()}


HELD_TO = (
    test_html.test_every_page_has_a_language_a_title_one_heading_and_landmarks,
    test_html.test_ids_are_there_once_and_what_refers_to_them_finds_them,
    test_html.test_no_order_of_focus_but_that_of_the_page,
)


@pytest.mark.parametrize("rule", HELD_TO, ids=lambda rule: rule.__name__)
def test_each_page_is_held_to_what_all_pages_are_held_to(outlines: dict[str, Outline], rule: Callable[..., None]) -> None:
    rule(outlines)


def test_every_link_button_and_heading_has_words_and_no_other_two_buttons_are_alike(outlines: dict[str, Outline]) -> None:
    for kind, outline in outlines.items():
        said = ["".join(words).strip() for _, _, _, words in outline.all("a", "button", "th", "h1", "h2")]
        assert all(said), kind
        buttons = ["".join(words).strip() for _, _, _, words in outline.all("button")]
        assert len(buttons) == len(set(buttons)), kind


def test_only_the_link_itself_leads_elsewhere_and_tells_nothing_of_where_it_was_followed(outlines: dict[str, Outline]) -> None:
    for kind, outline in outlines.items():
        away = [said for _, said, _, _ in outline.elements if said.get("href", said.get("src", "/")).startswith("http")]
        assert [said["rel"] for said in away] == (["noreferrer"] if kind == "link" else [])


@pytest.mark.parametrize("kind", ["link", "no link", "accepted", "no access", "no period", "nothing landed"])
def test_what_has_just_happened_takes_the_focus(outlines: dict[str, Outline], kind: str) -> None:
    test_html.test_what_has_just_happened_takes_the_focus(outlines, kind)
