# SPDX-License-Identifier: Apache-2.0
"""Attacks on what is around a payload: signature, timestamp, headers, size, form and JSON."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote_plus

from tests.simulators.slack import SIGNING_SECRET
from tests.simulators.slack.delivery import (
    FORM,
    JSON,
    Answer,
    Sent,
    as_form,
    deliver,
    deliver_in_chunks,
    deliver_partly,
    signature,
    signed,
)
from tests.unit.slack.attacks import MARK, Attack, Try, now, signature_headers

LARGE = b"payload=" + MARK.encode() * 150_000
SSL_CHECK = f"ssl_check=1&token={MARK}".encode()


def _forged(attempt: Try) -> Answer:
    body = as_form(attempt.submission())
    headers = [("Content-Type", FORM), ("X-Slack-Request-Timestamp", now()), ("X-Slack-Signature", "v0=" + "0" * 64)]
    return attempt.deliver(Sent(body, headers))


def _other_secret(attempt: Try) -> Answer:
    return attempt.deliver(signed(as_form(attempt.submission()), "another-signing-secret"))


def _body_changed(attempt: Try) -> Answer:
    sent = signed(as_form(attempt.submission()), SIGNING_SECRET)
    return attempt.deliver(Sent(sent.body.replace(b"revoke", b"keep"), sent.headers))


def _moved(attempt: Try) -> Answer:
    sent = signed(as_form(attempt.submission()), SIGNING_SECRET, timestamp=now(-400))
    fresh = [(name, now() if "Timestamp" in name else value) for name, value in sent.headers]
    return attempt.deliver(Sent(sent.body, fresh))


def _replayed(attempt: Try) -> Answer:
    sent = signed(as_form(attempt.submission()), SIGNING_SECRET)
    assert attempt.deliver(sent).status == 200
    return attempt.deliver(sent)


def _hundred(attempt: Try) -> str:
    sent = signed(as_form(attempt.submission()), SIGNING_SECRET)
    attempt.bodies.append(sent.body)
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: deliver(attempt.scene.url, sent), range(100)))
    said = {(each.status, each.said.get("response_action")) for each in answers}
    return f"{len(answers)} times {sorted(said)}"


def _timestamps(attempt: Try, second: str) -> Answer:
    body = as_form(attempt.submission())
    first = signature_headers(body)
    return attempt.headers(("Content-Type", FORM), *first, ("X-Slack-Request-Timestamp", second), body=body)


def _signatures(attempt: Try) -> Answer:
    body = as_form(attempt.submission())
    return attempt.headers(
        ("Content-Type", FORM), ("X-Slack-Signature", "v0=" + "0" * 64), *signature_headers(body), body=body
    )  # fmt: skip


def _without(attempt: Try, name: str) -> Answer:
    body = as_form(attempt.submission())
    return attempt.headers(("Content-Type", FORM), *(each for each in signature_headers(body) if name not in each[0]), body=body)


def _other_version(attempt: Try) -> Answer:
    body, at = as_form(attempt.submission()), now()
    given = signature(SIGNING_SECRET, at, body).replace("v0=", "v1=")
    return attempt.headers(("Content-Type", FORM), ("X-Slack-Request-Timestamp", at), ("X-Slack-Signature", given), body=body)


def _signature_text(attempt: Try) -> Answer:
    return attempt.headers(("Content-Type", FORM), ("X-Slack-Request-Timestamp", now()), ("X-Slack-Signature", "v0=ünsigned"))


def _large(attempt: Try) -> Answer:
    return attempt.body(LARGE)


def _in_chunks(attempt: Try, body: bytes) -> Answer:
    attempt.bodies.append(body)
    return deliver_in_chunks(attempt.scene.url, signed(body, SIGNING_SECRET))


def _small_chunked(attempt: Try) -> Answer:
    return _in_chunks(attempt, as_form(attempt.submission()))


def _slow(attempt: Try) -> Answer:
    sent = signed(as_form(attempt.submission()), SIGNING_SECRET)
    attempt.bodies.append(sent.body)
    answer = deliver_partly(attempt.scene.url, sent, 100)
    assert answer.seconds < 3
    return answer


def _form(attempt: Try, found: str, instead: str) -> bytes:
    """Return a page as a form, with something else in its JSON."""
    payload = json.dumps(attempt.submission())
    assert found in payload
    return f"payload={quote_plus(payload.replace(found, instead))}".encode()


def _twice(attempt: Try) -> Answer:
    body = as_form(attempt.submission())
    return attempt.body(body + b"&" + body)


def _key_twice(attempt: Try) -> Answer:
    return attempt.body(_form(attempt, '"type": "view_submission"', '"type": "x", "type": "view_submission"'))


def _deep(attempt: Try, levels: int) -> Answer:
    return attempt.body(_form(attempt, '"enterprise": null', f'"enterprise": {"[" * levels}{"]" * levels}'))


def _in_json(attempt: Try, instead: str) -> Answer:
    return attempt.body(_form(attempt, f'"{MARK}"', instead))


def _typed(attempt: Try, content_type: str) -> Answer:
    return attempt.body(as_form(attempt.submission()), content_type)


def _compressed(attempt: Try) -> Answer:
    return attempt.send(attempt.submission(), Content_Encoding="gzip")


def _interaction_as_json(attempt: Try) -> Answer:
    return attempt.body(json.dumps(attempt.submission()).encode(), JSON)


def _url_verification(attempt: Try, *, sign: bool) -> Answer:
    body = json.dumps({"type": "url_verification", "token": MARK, "challenge": "3eZbrw1aBm2rZgRNFdxV"}).encode()
    return attempt.body(body, JSON) if sign else attempt.headers(("Content-Type", JSON), body=body)


def _unsigned_ssl_check(attempt: Try) -> Answer:
    return attempt.headers(("Content-Type", FORM), body=SSL_CHECK)


def _other_user(attempt: Try) -> Answer:
    return attempt.send(attempt.submission() | {"user": MARK})


def _arabic(digits: str) -> str:
    return "".join(chr(0x660 + int(each)) for each in digits)


ATTACKS = (
    Attack("forged signature", _forged, "401 signature"),
    Attack("signed with another secret", _other_secret, "401 signature"),
    Attack("body changed after signing", _body_changed, "401 signature"),
    Attack("old request under a fresh timestamp", _moved, "401 signature"),
    Attack("signature of another version", _other_version, "401 signature"),
    Attack("signature that is no ASCII", _signature_text, "40[01]"),
    Attack("no signature", lambda attempt: _without(attempt, "Signature"), "401 expected one header"),
    Attack("two signatures", _signatures, "401 expected one header"),
    Attack("6 minutes old", lambda attempt: attempt.timestamp(now(-360)), "401 timestamp"),
    Attack("6 minutes ahead", lambda attempt: attempt.timestamp(now(360)), "401 timestamp"),
    Attack("timestamp '1e9'", lambda attempt: attempt.timestamp("1e9"), "401 timestamp"),
    Attack("timestamp ' 123'", lambda attempt: attempt.timestamp(" 123"), "401 timestamp"),
    Attack("timestamp with a space before", lambda attempt: attempt.timestamp(f" {now()}"), "401 signature"),
    Attack("timestamp with a sign", lambda attempt: attempt.timestamp(f"+{now()}"), "401 timestamp"),
    Attack("negative timestamp", lambda attempt: attempt.timestamp(f"-{now()}"), "401 timestamp"),
    Attack("timestamp with a zero before", lambda attempt: attempt.timestamp(f"0{now()}"), "401 timestamp"),
    Attack("timestamp with a fraction", lambda attempt: attempt.timestamp(f"{now()}.0"), "401 timestamp"),
    Attack("timestamp of 400 digits", lambda attempt: attempt.timestamp("9" * 400), "401 timestamp"),
    Attack("timestamp in Arabic-Indic digits", lambda attempt: attempt.timestamp(_arabic(now())), "40[01]"),
    Attack("empty timestamp", lambda attempt: attempt.timestamp(""), "401 timestamp"),
    Attack("no timestamp", lambda attempt: _without(attempt, "Timestamp"), "401 expected one header"),
    Attack("two timestamps", lambda attempt: _timestamps(attempt, now()), "401 expected one header"),
    Attack("replayed within 5 minutes", _replayed, "200 'Access review 2026-Q1'", 1),
    Attack("repeated delivery x 100 in parallel", _hundred, r"100 times \[(\(200, 'errors'\), )?\(200, 'update'\)\]", 1),
    Attack("2 MB body", _large, "413 body too large"),
    Attack("2 MB body in chunks", lambda attempt: _in_chunks(attempt, LARGE), "413 body too large"),
    Attack("a good page in chunks", _small_chunked, "200 'Access review 2026-Q1'", 1),
    Attack("body that does not come", _slow, "408 body too slow"),
    Attack("unsigned ssl_check", _unsigned_ssl_check, "401"),
    Attack("signed ssl_check", lambda attempt: attempt.body(SSL_CHECK), "200 empty"),
    Attack("unsigned url_verification", lambda attempt: _url_verification(attempt, sign=False), "401"),
    Attack("signed url_verification", lambda attempt: _url_verification(attempt, sign=True), "200 .*3eZbrw1aBm2rZgRNFdxV"),
    Attack("content type text/plain", lambda attempt: _typed(attempt, "text/plain"), "415 content type"),
    Attack("content type multipart", lambda attempt: _typed(attempt, "multipart/form-data; boundary=x"), "415 content type"),
    Attack("form in UTF-16", lambda attempt: _typed(attempt, f"{FORM}; charset=utf-16"), "415 content type"),
    Attack("no content type", lambda attempt: attempt.headers(*signature_headers(b"")), "415"),
    Attack("compressed body", _compressed, "415 content encoding"),
    Attack("interaction as JSON", _interaction_as_json, "400 a payload of another type"),
    Attack("form said to be JSON", lambda attempt: _typed(attempt, JSON), "400 not JSON"),
    Attack("payload twice", _twice, "400 a form field twice"),
    Attack("form without payload", lambda attempt: attempt.body(f"text={MARK}".encode()), "400 form without payload"),
    Attack("broken escape", lambda attempt: attempt.body(b"payload=%7B%zz" + MARK.encode()), "400 broken escape"),
    Attack("bytes that are no UTF-8", lambda attempt: attempt.body(b"payload=\xff\xfe" + MARK.encode()), "400 not UTF-8"),
    Attack("escaped bytes that are no UTF-8", lambda attempt: attempt.body(b"payload=%C0%AF" + MARK.encode()), "400 not a form"),
    Attack("half a surrogate pair", lambda attempt: _in_json(attempt, rf'"{MARK}\ud800"'), "400 half a surrogate pair"),
    Attack("escaped NUL", lambda attempt: _in_json(attempt, rf'"{MARK}\u0000"'), "400 NUL"),
    Attack("raw NUL", lambda attempt: _in_json(attempt, f'"{MARK}\0"'), "400 not JSON"),
    Attack("byte order mark", lambda attempt: attempt.body(b"payload=%EF%BB%BF%7B%7D"), "400 not JSON"),
    Attack("JSON key twice", _key_twice, "400 a JSON key twice"),
    Attack("JSON 50 deep", lambda attempt: _deep(attempt, 50), "400 JSON that is too deep"),
    Attack("JSON 10,000 deep", lambda attempt: _deep(attempt, 10_000), "400 not JSON"),
    Attack("NaN", lambda attempt: _in_json(attempt, "NaN"), "400 a JSON number that is none"),
    Attack("a number of 5,000 digits", lambda attempt: _in_json(attempt, "9" * 5000), "400 not JSON"),
    Attack("JSON that is a list", lambda attempt: attempt.body(b"payload=%5B%5D"), "400 JSON that is no object"),
    Attack("empty payload", lambda attempt: attempt.body(b"payload="), "400 not JSON"),
    Attack("payload of no known type", lambda attempt: attempt.send({"type": MARK}), "400 a payload of another"),
    Attack("payload with another form of user", _other_user, "400 payload without user"),
)  # fmt: skip
