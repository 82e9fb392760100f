# SPDX-License-Identifier: Apache-2.0
"""Forms that owners fill in, over real HTTP: what is stored is what was filled in, and hostile files are refused or inert."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import httpx
import pytest
from tests.simulators.memory_s3 import memory_s3
from tests.unit.campaigns.scene import Signers
from tests.unit.confirmations.made_files import PDF
from tests.unit.confirmations.upload_attacks import ATTACKS, INERT
from tests.unit.evidence.signed_copy import key_list_of, listed
from tests.unit.slack.scene import everything_logged
from tests.unit.web.browsing import SAME
from tests.unit.web.form_bench import ANSWERS, BOUNDARY, LOG, MOST_BYTES, Browser, FormBench, browsing, multipart, new_bench
from tests.unit.web.test_html import Outline

from tieout.evidence.keys import Scope, generate_key
from tieout.evidence.layout import Class, class_of
from tieout.evidence.store import S3Store


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Signers:
    """Return keys that have been valid for some days."""
    folder = tmp_path_factory.mktemp("keys")
    made = {name: generate_key(folder / f"{name}.pem") for name in ("landing", "response", "stranger")}
    since = datetime.now(UTC) - timedelta(days=90)
    entries = [listed(made[name], Scope(name), valid_from=since) for name in ("landing", "response")]
    return Signers(**made, key_list=key_list_of("0" * 64, *entries))


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Return a client of a store without buckets."""
    with memory_s3():
        yield boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1").client("s3")


@pytest.fixture
def bench(client: Any, signers: Signers, repository: Path) -> FormBench:
    """Return a form in a bucket of its own."""
    return new_bench(client, signers, repository)


@pytest.fixture
def address(bench: FormBench) -> Iterator[str]:
    """Return where its pages are served."""
    with browsing(bench) as found:
        yield found


@pytest.fixture
def ann(bench: FormBench, address: str) -> Browser:
    """Return who is asked."""
    return Browser(bench, address)


@pytest.fixture
def leni(bench: FormBench, address: str) -> Browser:
    """Return who looks at it."""
    return Browser(bench, address, "len")


def test_what_is_stored_is_the_form_as_shown_and_what_was_filled_in_with_its_file(bench: FormBench, ann: Browser) -> None:
    assert f'href="{bench.form}"' in ann.http.get("/tieout/").text
    page = ann.http.get(bench.form).text
    assert "Restore &lt;b&gt;test&lt;/b&gt;" in page
    assert 'enctype="multipart/form-data"' in page
    receipt = ann.hand_in()
    sha256 = hashlib.sha256(LOG[1]).hexdigest()
    assert receipt.status_code == 200
    assert "<h1>Stored</h1>" in receipt.text
    assert sha256 in receipt.text
    [file], [shown], [said] = bench.keys(Class.FILE), bench.keys(Class.PRESENTED), bench.payloads()
    assert b"".join(bench.store.chunks(file) or ()) == LOG[1]
    assert file.endswith(f"file-{sha256}")
    document = json.loads(bench.store.read(shown, None) or b"")
    assert document["handed_in"]["filled"]["values"] == {
        **ANSWERS, "proof": [{"kind": "text", "media_type": "text/plain; charset=utf-8", "bytes": len(LOG[1]), "sha256": sha256}]
    }  # fmt: skip
    [named] = document["handed_in"]["files"]
    assert (named["name"], named["key"], named["field"]) == ("restore.txt", file, "proof")
    assert "Confirm that a backup was restored." in document["text"]
    assert (said["person"], said["answer"]["files"]) == ("ann", [{"sha256": sha256, "version_id": named["version_id"]}])
    assert said["presented_sha256"] in shown


def test_what_is_wrong_is_told_at_its_field_and_what_was_filled_in_survives(bench: FormBench, ann: Browser) -> None:
    assert "Needed with <bdi>“Not whole”</bdi>" in ann.http.get(bench.form).text
    answer = ann.hand_in(hours="1,5", result="failed", restored_on="2026-02-04")
    assert answer.status_code == 422
    assert answer.text.count('class="problem"') == 2
    assert 'id="problem-hours">Expected a number in hours' in answer.text
    assert 'aria-describedby="help-hours problem-hours"' in answer.text
    assert 'value="1,5"' in answer.text
    assert 'value="2026-02-04"' in answer.text
    assert 'value="failed" id="f.result-2" checked' in answer.text
    assert "please choose them again" in answer.text
    assert bench.keys() == []
    assert ann.hand_in(files=()).status_code == 422
    assert bench.keys() == []


def test_the_same_submission_is_stored_once_and_another_one_takes_its_place(bench: FormBench, ann: Browser) -> None:
    token = ann.token()
    assert ann.hand_in(token=token).status_code == 200
    assert ann.hand_in(token=token).status_code == 200
    assert len(bench.payloads()) == 1
    assert ann.hand_in(hours="2").status_code == 200
    assert len(bench.payloads()) == 2
    assert len(bench.keys(Class.FILE)) == 1  # the same bytes


def test_a_second_person_returns_it_with_a_question_and_accepts_what_comes_then(
    bench: FormBench, ann: Browser, leni: Browser
) -> None:
    assert leni.http.get(bench.look).status_code == 404
    ann.hand_in()
    assert f'href="{bench.look}"' in leni.http.get("/tieout/").text
    page = leni.http.get(bench.look).text
    for words in ("Ann Other", "restore.txt", hashlib.sha256(LOG[1]).hexdigest(), "1.5", "Whole"):
        assert words in page
    assert leni.say("return").status_code == 422
    returned = leni.say("return", "Which <system>?")
    assert returned.status_code == 200
    assert "Which &lt;system&gt;?" in ann.http.get(bench.form).text
    ann.hand_in(hours="2")
    token = leni.token(bench.look)
    assert leni.say("accept", token=token).status_code == 200
    assert leni.say("accept", token=token).status_code == 200, "pressed twice"
    looks = [each["answer"] for each in bench.payloads() if each["answer"]["kind"] == "looked"]
    assert [each["accepted"] for each in looks] == [False, True]
    outcome = bench.case.ledger.state.outcome(bench.item)
    assert outcome is not None
    assert outcome.by == "ann"
    accepted = ann.http.get(bench.form)
    assert accepted.status_code == 403
    assert "has been accepted" in accepted.text
    assert leni.http.get(bench.look).status_code == 404


def test_a_second_person_may_save_the_files_while_they_wait_and_nobody_else(
    bench: FormBench, ann: Browser, leni: Browser, address: str
) -> None:
    name = "restore, räumung; 100 %.txt"
    ann.hand_in([(name, LOG[1])])
    sha256 = hashlib.sha256(LOG[1]).hexdigest()
    [link] = [
        said["href"] for _, said, _, _ in Outline(leni.http.get(bench.look).text).elements if "files/" in said.get("href", "")
    ]
    saved = leni.http.get(str(httpx.URL(bench.look).join(link)))
    assert (saved.status_code, saved.content) == (200, LOG[1])
    assert saved.headers["content-type"] == "application/octet-stream"
    assert saved.headers["content-disposition"] == f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    assert (saved.headers["x-content-type-options"], saved.headers["cache-control"]) == ("nosniff", "no-store")
    assert saved.headers["content-length"] == str(len(LOG[1]))
    for user in ("ann", "bob", "mia", ""):
        assert Browser(bench, address, user).http.get(f"{bench.look}/files/{sha256}").status_code in (401, 404), user
    for other in ("0" * 64, "x", "..%2f..", sha256.upper()):
        assert leni.http.get(f"{bench.look}/files/{other}").status_code == 404, other
    assert leni.say("accept").status_code == 200
    assert leni.http.get(f"{bench.look}/files/{sha256}").status_code == 404


def test_a_file_that_is_not_what_was_handed_in_is_not_given_out(
    bench: FormBench, ann: Browser, leni: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann.hand_in()
    path = f"{bench.look}/files/{hashlib.sha256(LOG[1]).hexdigest()}"
    assert leni.http.get(path).status_code == 200
    read = S3Store.chunks
    for other in (None, iter([b"another"])):
        monkeypatch.setattr(
            S3Store, "chunks",
            lambda store, key, version=None, other=other: other if class_of(key) is Class.FILE else read(store, key, version),
        )  # fmt: skip
        refused = leni.http.get(path)
        assert refused.status_code == 500
        assert LOG[1] not in refused.content


def test_a_look_at_an_answer_that_was_replaced_meanwhile_says_nothing(bench: FormBench, ann: Browser, leni: Browser) -> None:
    ann.hand_in()
    token = leni.token(bench.look)
    ann.hand_in(hours="3")
    assert leni.say("accept", token=token).status_code == 409
    assert bench.case.ledger.state.outcome(bench.item) is None


def test_a_form_that_came_back_with_a_question_meanwhile_is_shown_anew(bench: FormBench, ann: Browser, leni: Browser) -> None:
    ann.hand_in()
    token = ann.token()
    leni.say("return", "Which system?")
    before = bench.keys()
    assert ann.hand_in(token=token, hours="9").status_code == 409
    assert ann.hand_in([("x.svg", b"<svg/>")], token=token).status_code == 409
    assert bench.keys() == before
    assert ann.hand_in(hours="9").status_code == 200


def test_every_page_says_what_is_what_to_assistive_technology_and_runs_no_script_of_its_own(ann: Browser, leni: Browser) -> None:
    form, look = ann.bench.form, ann.bench.look
    pages = {"form": ann.http.get(form).text, "wrong": ann.hand_in(hours="x", result="failed", files=()).text}
    pages |= {"receipt": ann.hand_in().text, "to look at": leni.http.get("/tieout/").text, "look": leni.http.get(look).text}
    pages |= {"not said": leni.say("return").text, "looked": leni.say("return", "Why?").text, "back": ann.http.get(form).text}
    for kind, text in pages.items():
        outline = Outline(text)
        ids = [said["id"] for _, said, _, _ in outline.elements if "id" in said]
        assert len(ids) == len(set(ids)), kind
        assert len(outline.all("h1")) == len(outline.all("main")) == len(outline.all("title")) == 1, kind
        labelled = {said["for"] for _, said, _, _ in outline.all("label") if "for" in said}
        for tag, said, inside, words in outline.elements:
            for name in ("for", "aria-labelledby", "aria-describedby"):
                assert set(said.get(name, "").split()) <= set(ids), (kind, said)
            if said.get("href", "").startswith("#"):
                assert said["href"][1:] in ids, (kind, said)
            if tag in ("input", "textarea") and said.get("type") != "hidden":
                assert "label" in inside or said["id"] in labelled, (kind, said)
            if tag in ("a", "button", "legend", "label", "th", "caption", "dt"):
                assert "".join(words).strip(), (kind, said)
            assert not [name for name in said if name.startswith("on") or name == "style"], (kind, said)
            assert tag != "script" or said["src"].startswith("/tieout/static/"), kind
    wrong = Outline(pages["wrong"])
    [alert] = [words for _, said, _, words in wrong.elements if said.get("role") == "alert"]
    assert "Please answer this." in "".join(alert)
    assert [said["id"] for _, said, _, _ in wrong.elements if said.get("aria-invalid")] == ["f.hours", "f.remedy", "f.proof"]


@pytest.mark.parametrize("user", ["bob", "mia", "len", ""])
def test_nobody_else_sees_or_fills_in_the_form(bench: FormBench, ann: Browser, address: str, user: str) -> None:
    token = ann.token()
    other = Browser(bench, address, user)
    assert other.http.get(bench.form).status_code in (401, 404)
    assert other.hand_in(token=token).status_code in (401, 403, 404)
    assert bench.keys() == []


@pytest.mark.parametrize("user", ["ann", "bob", "mia", ""])
def test_nobody_else_looks_at_it(bench: FormBench, ann: Browser, leni: Browser, address: str, user: str) -> None:
    ann.hand_in()
    token, before = leni.token(bench.look), bench.keys()
    other = Browser(bench, address, user)
    assert other.http.get(bench.look).status_code in (401, 404)
    assert other.say("accept", token=token).status_code in (401, 403, 404)
    assert bench.keys() == before


def test_what_another_site_sends_or_was_stamped_for_another_page_stores_nothing(
    bench: FormBench, ann: Browser, leni: Browser
) -> None:
    body = multipart({"token": ann.token(), **{f"f.{name}": text for name, text in ANSWERS.items()}}, [LOG])
    assert ann.send(body, **{"sec-fetch-site": "cross-site"}).status_code == 403
    assert ann.hand_in(token="x").status_code == 403
    assert bench.keys() == []
    ann.hand_in()
    before = bench.keys()
    assert leni.say("accept", token=ann.token()).status_code == 403
    assert ann.hand_in(token=leni.token(bench.look)).status_code == 403
    assert bench.keys() == before


def test_in_slack_and_on_the_page_of_decisions_a_form_is_only_pointed_at(bench: FormBench, ann: Browser) -> None:
    answer = ann.http.get(bench.form.replace("confirmations", "campaigns"))
    assert answer.status_code == 403
    assert "fill it in on its page" in answer.text


CHANGED_ON_THE_WAY = {"a path of Windows": INERT, "empty": "is empty"}
"""What a browser of old would send as a path, the parser takes the name of."""


@pytest.mark.parametrize(("what", "name", "data", "words"), ATTACKS, ids=[row[0] for row in ATTACKS])
def test_hostile_files_are_refused_in_words_or_inert_and_nothing_refused_is_locked(
    bench: FormBench, ann: Browser, what: str, name: str, data: bytes, words: str
) -> None:
    with everything_logged() as logged:
        answer = ann.hand_in([(name, data)])
    if CHANGED_ON_THE_WAY.get(what, words) == INERT:
        assert answer.status_code == 200
        [file] = bench.keys(Class.FILE)
        assert b"".join(bench.store.chunks(file) or ()) == data
        assert "<script" not in answer.text.replace('<script src="/tieout/static/', "")
        assert "<b>x" not in answer.text
    else:
        assert answer.status_code == 422, what
        assert 'id="problem-proof"' in answer.text
        assert bench.keys() == []
    assert not [line for line in logged.lines if "restore" in line.lower() and "f.proof" in line]


def test_one_bad_file_keeps_the_good_one_from_being_locked(bench: FormBench, ann: Browser) -> None:
    assert ann.hand_in([LOG, ("x.svg", b"<svg/>")]).status_code == 422
    assert ann.hand_in([LOG, ("a.pdf", PDF), ("b.pdf", PDF + b"\n")]).status_code == 422  # one more than it takes
    assert bench.keys() == []


def test_a_file_of_one_byte_too_many_is_told_at_its_field(bench: FormBench, ann: Browser) -> None:
    answer = ann.hand_in([("big.txt", b"a" * (MOST_BYTES + 1))])
    assert answer.status_code == 422
    assert "Expected a file of at most 2000000 bytes" in answer.text
    assert ann.hand_in([("big.txt", b"a" * MOST_BYTES)]).status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_stream_of_two_gigabytes_is_cut_off_early(bench: FormBench, ann: Browser, address: str, *, chunked: bool) -> None:
    token, block = ann.token(), b"a" * 65536
    host, port = address.removeprefix("http://").split(":")
    head = multipart({"token": token}, [("big.txt", b"")]).rpartition(b"\r\n--")[0]
    length = b"transfer-encoding: chunked" if chunked else b"content-length: 2147483648"
    sent = 0
    with socket.create_connection((host, int(port)), timeout=20) as raw:
        raw.sendall(
            f"POST {bench.form} HTTP/1.1\r\nhost: {host}\r\nx-user: ann\r\nsec-fetch-site: {SAME['sec-fetch-site']}\r\n"
            f"content-type: multipart/form-data; boundary={BOUNDARY}\r\n".encode() + length + b"\r\n\r\n"
        )  # fmt: skip
        try:
            for each in (head, *[block] * 32768):
                raw.sendall(b"%x\r\n%s\r\n" % (len(each), each) if chunked else each)
                sent += len(each)
                raw.setblocking(False)
                try:
                    if raw.recv(1, socket.MSG_PEEK):
                        break
                except BlockingIOError:
                    pass
                finally:
                    raw.settimeout(20)
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            status = raw.recv(200)
        except ConnectionResetError:
            status = b""
    assert sent < 40_000_000, "reading went on"
    assert b" 413 " in status or not status
    assert bench.keys() == []


def test_what_says_that_it_is_too_long_is_refused_before_any_of_it_is_read(bench: FormBench, address: str) -> None:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as raw:
        raw.sendall(
            f"POST {bench.form} HTTP/1.1\r\nhost: {host}\r\nx-user: ann\r\nsec-fetch-site: same-origin\r\n"
            f"content-type: multipart/form-data; boundary={BOUNDARY}\r\ncontent-length: 2147483648\r\n\r\n".encode()
        )  # fmt: skip
        assert b" 413 " in raw.recv(200)


BAD: dict[str, tuple[dict[str, str], bytes, int]] = {
    "no form": ({"content-type": "text/plain"}, b"x", 415),
    "urlencoded": ({"content-type": "application/x-www-form-urlencoded"}, b"token=x", 415),
    "compressed": ({"content-encoding": "gzip"}, b"x", 415),
    "no boundary": ({"content-type": "multipart/form-data"}, b"x", 400),
    "no parts": ({}, b"x", 400),
    "a strange field": ({}, multipart({"token": "x", "f.nothing": "x"}, []), 400),
    "a file for a text": ({}, multipart({"token": "x"}, [("a.txt", b"a")], "f.hours"), 400),
    "a text for a file": ({}, multipart({"token": "x", "f.proof": "x"}, []), 400),
    "no token": ({}, multipart({"f.hours": "1"}, []), 400),
    "a text of a megabyte": ({}, multipart({"token": "x", "f.remedy": "x" * 1_000_000}, []), 400),
    "a thousand files": ({}, multipart({"token": "x"}, [("a.txt", b"a")] * 1000), 400),
    "a thousand fields": ({}, multipart({f"f.{number}": "x" for number in range(1000)}, []), 400),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_form_of_ours_is_refused(bench: FormBench, ann: Browser, what: str) -> None:
    headers, body, status = BAD[what]
    answer = ann.send(body, **headers)
    assert answer.status_code == status
    assert "Nothing was stored" in answer.text
    assert bench.keys() == []


def test_where_the_store_does_not_answer_the_page_comes_back_with_what_was_filled_in(
    bench: FormBench, ann: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, put = ann.token(), bench.store.put_locked
    from tieout.errors import StoreUnavailable

    def down(*_: Any, **__: Any) -> str:
        raise StoreUnavailable("s3://evidence: the store did not answer")

    monkeypatch.setattr(bench.store, "put_locked", down)
    answer = ann.hand_in(token=token)
    assert answer.status_code == 503
    assert "nobody can say whether this was stored" in answer.text
    assert 'value="1.5"' in answer.text
    monkeypatch.setattr(bench.store, "put_locked", put)
    assert ann.hand_in(token=token).status_code == 200
    assert len(bench.payloads()) == 1
