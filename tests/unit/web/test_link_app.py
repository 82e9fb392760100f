# SPDX-License-Identifier: Apache-2.0
"""Personal links over real HTTP: guessed, used again, expired, forwarded, fetched by a mail scanner; what they tell to whom."""

from __future__ import annotations

import base64
import json
import logging
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.unit.campaigns.conftest import client, signers, staging, store  # noqa: F401 - fixtures
from tests.unit.slack.scene import Logged
from tests.unit.web.link_scene import ATTACK, LASTS, OPEN_FOR, World, running

from tieout.evidence.layout import Class, class_of
from tieout.flows.campaign_links import token_sha256
from tieout.web.link_app import CODE, NO_GOOD, create_link_app
from tieout.web.link_limits import BY_ADDRESS, FAILED

GOOD = NO_GOOD[0]


@pytest.fixture
def world(store: Any, staging: Any, signers: Any) -> Iterator[World]:  # noqa: F811
    with running(store, staging, signers) as made:
        made.send()
        yield made


def stored(world: World) -> list[dict[str, Any]]:
    """Return the payloads of the responses that stand in the bucket."""
    keys = [key for key in world.store.keys("responses/") if class_of(key) is Class.RESPONSE]
    return [json.loads(base64.b64decode(json.loads(world.store.read(key, None) or b"")["payload"])) for key in sorted(keys)]


def objects(world: World) -> list[str]:
    return [*world.store.keys(""), *world.staging.keys("")]


def test_whoever_holds_a_link_reads_and_acknowledges_and_the_record_says_possession(world: World) -> None:
    [token] = world.tokens("a")
    opened = world.post("open", code=token)
    assert opened.status_code == 200
    for item in ("i1", "i2"):
        assert f"I have read {item}." in opened.text
    assert "https://intranet.example/p" in opened.text
    receipt = world.post("answer", **world.answers(opened))
    assert receipt.status_code == 200, receipt.text
    assert "<h1>Stored</h1>" in receipt.text
    [said] = stored(world)
    assert (said["person"], said["channel"]) == ("a", {"kind": "personal link", "signature_checked": False})
    lines = {each["item"]: (each["decision"], each.get("answer")) for each in said["answer"]["decisions"]}
    assert lines == {"i1": ("acknowledged", "Tell"), "i2": ("acknowledged", None)}
    key = next(each for each in world.store.keys("responses/") if class_of(each) is Class.PRESENTED)
    assert said["presented_sha256"] in key
    assert token not in (world.store.read(key, None) or b"").decode()
    assert world.ledger().state.refused == ()


def test_guessing_finds_nothing_and_every_wrong_code_is_answered_alike(world: World) -> None:
    [token] = world.tokens("a")
    wrong = [
        secrets.token_urlsafe(32), token[:-1], token + "A", token[:-1] + ("A" if token[-1] != "A" else "B"), token.swapcase(), "",
        "a" * 64, "../../tieout/", token_sha256(token), "ä" * 43, "'; drop table links;--",
    ]  # fmt: skip
    answers = [world.post("open", code=each) for each in wrong]
    assert {each.status_code for each in answers} == {404}
    assert len({each.text for each in answers}) == 1
    assert GOOD in answers[0].text
    assert stored(world) == []


def test_a_link_takes_one_answer_and_says_so_ever_after(world: World) -> None:
    [token] = world.tokens("a")
    opened = world.post("open", code=token)
    fields = world.answers(opened)
    assert world.post("answer", **fields).status_code == 200
    again = world.post("open", code=token)
    assert "<h1>Answered</h1>" in again.text
    assert "takes nothing more" in again.text
    replayed = world.post("answer", **fields)  # the same page to the byte: it was stored, and is stored once
    assert replayed.status_code == 200
    other = world.post("answer", **{**fields, "answer.i1": "1"})
    assert (other.status_code, "answered already" in other.text) == (409, True)
    [said] = stored(world)
    assert said["person"] == "a"


def test_two_submissions_at_once_of_one_page_are_stored_once(world: World) -> None:
    [token] = world.tokens("b")
    fields = world.answers(world.post("open", code=token))
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: world.post("answer", **fields), range(6)))
    assert {each.status_code for each in answers} == {200}
    assert len(stored(world)) == 1


def test_a_link_ends_with_the_campaign(world: World) -> None:
    [token] = world.tokens("a")
    fields = world.answers(world.post("open", code=token))
    world.clock.ahead = LASTS - OPEN_FOR + timedelta(seconds=1)
    assert world.post("open", code=token).status_code == 404
    late = world.post("answer", **fields)
    assert (late.status_code, GOOD in late.text) == (404, True)
    assert stored(world) == []


def test_a_forwarded_link_names_nobody_and_opens_nobody_elses(world: World) -> None:
    [of_a], [of_b] = world.tokens("a"), world.tokens("b")
    opened = world.post("open", code=of_a)
    said = re.sub(r'value="[^"]*"', "", opened.text)  # a stamp is random, and may hold any two letters
    for word in ("a@shop.example", "b@shop.example", "c@shop.example", "i3", "i4", "2 people"):
        assert word not in said
    mixed = world.answers(opened, code=of_b)  # the page of one with the code of the other
    refused = world.post("answer", **mixed)
    assert refused.status_code == 409
    assert stored(world) == []


def test_a_mail_scanner_that_fetches_the_link_changes_nothing_and_learns_nothing(world: World) -> None:
    [token] = world.tokens("a")
    before = objects(world)
    pages = set()
    for method in ("GET", "HEAD", "GET"):
        fetched = httpx.request(method, f"{world.url}/tieout/link/#{token}")
        assert fetched.status_code in (200, 405)
        pages |= {fetched.text} - {""}
    assert len(pages) == 1
    assert "I have read" not in pages.pop()
    for path in (f"open?code={token}", f"answer?code={token}", f"{token}", f"open/{token}"):
        assert httpx.get(f"{world.url}/tieout/link/{path}").status_code in (404, 405)
    assert objects(world) == before
    assert world.post("open", code=token).status_code == 200


def test_a_token_is_in_no_log_and_nowhere_in_the_buckets(world: World) -> None:
    logged = Logged()
    logging.getLogger().addHandler(logged)
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.DEBUG)
    for name in ("uvicorn", "uvicorn.access", "uvicorn.error"):
        logging.getLogger(name).addHandler(logged)
    try:
        [token] = world.tokens("a")
        opened = world.post("open", code=token)
        world.post("answer", **world.answers(opened, **{"answer.i1": "7"}))
        world.post("answer", **world.answers(opened))
        world.post("open", code=token + "x")
        httpx.get(f"{world.url}/tieout/link/#{token}")
        world.addresses["b"] = "broken\r\nBcc: everybody@shop.example"
        world.clock.ahead = timedelta(minutes=11)
        world.send()
    finally:
        for name in ("", "uvicorn", "uvicorn.access", "uvicorn.error"):
            logging.getLogger(name or None).removeHandler(logged)
        logging.getLogger().setLevel(level)
    assert any("/tieout/link/open" in line for line in logged.lines)
    ours = [line for line in logged.lines if not line.startswith(("httpx", "httpcore"))]  # which fetch as a browser does not
    text = "\n".join(ours)
    for sent in (token, *world.tokens("a"), *world.tokens("b")):
        assert sent not in text
    assert "@shop.example" not in "\n".join(line for line in logged.lines if "tieout" in line.split(" ")[0])
    for bucket in (world.store, world.staging):
        for key in bucket.keys(""):
            data = bucket.read(key, None) or b""
            held = data + b"".join(base64.b64decode(json.loads(data)["payload"]) for _ in "1" if b'"payload"' in data)
            assert token.encode() not in held, key
    assert token_sha256(token) in str([each.notice.token_sha256 for each in world.ledger().state.noticed.values()])


def test_a_page_from_elsewhere_can_not_answer_with_somebodys_link(world: World) -> None:
    [token] = world.tokens("a")
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {}):
        answer = httpx.post(f"{world.url}/tieout/link/open", data={"code": token}, headers=headers)
        assert answer.status_code == 403
        assert "I have read" not in answer.text


def test_what_stands_in_a_policy_is_text_and_the_page_lets_nothing_else_run(world: World) -> None:
    opened = world.post("open", code=world.tokens("a")[0])
    assert ATTACK not in opened.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in opened.text
    assert "script-src 'self'" in opened.headers["content-security-policy"]
    assert opened.headers["cache-control"] == "no-store"
    assert "noindex" in opened.headers["x-robots-tag"]
    assert opened.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in opened.headers["content-security-policy"]


def test_what_is_missing_is_said_and_nothing_is_stored(world: World) -> None:
    [token] = world.tokens("a")
    opened = world.post("open", code=token)
    fields = world.answers(opened)
    del fields["answer.i1"]
    refused = world.post("answer", **fields)
    assert refused.status_code == 422
    assert "Please answer the question." in refused.text
    assert stored(world) == []
    tampered = world.answers(opened, token="x" * 200)
    assert world.post("answer", **tampered).status_code == 409
    assert world.post("answer", **world.answers(opened, **{"decision.i4": "acknowledged"})).status_code == 400
    assert world.post("answer", **world.answers(opened, **{"reason.i1": "because"})).status_code == 400
    assert stored(world) == []
    huge = httpx.post(f"{world.url}/tieout/link/open", content=b"code=" + b"a" * 300_000,
                      headers={"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"})  # fmt: skip
    assert huge.status_code == 413


def test_codes_that_are_none_are_taken_only_so_often(world: World) -> None:
    [token] = world.tokens("a")
    statuses = [world.post("open", code="x").status_code for _ in range(BY_ADDRESS.amount + 3)]
    assert statuses.count(404) == BY_ADDRESS.amount
    refused = world.post("open", code=token)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 61
    for _ in range(FAILED.amount - BY_ADDRESS.amount - 1):
        world.limits.failed()
    assert world.limits.wait("192.0.2.7") is None, "those that were answered above are counted, and no more"
    world.limits.failed()
    assert world.limits.wait("192.0.2.7") is not None


def test_every_route_has_one_rule(world: World) -> None:
    from tieout.errors import ConfigurationError
    from tieout.web import link_app

    made = link_app._routes
    try:

        def more(given: Any) -> Any:
            router = made(given)
            router.add_api_route("/more", lambda: "", methods=["GET"])
            return router

        link_app._routes = more
        with pytest.raises(ConfigurationError, match="expected one rule at '/more'"):
            create_link_app(link_app.LinkSite(site=world.site, links=lambda: world.desk))
    finally:
        link_app._routes = made
    assert CODE == "code"
