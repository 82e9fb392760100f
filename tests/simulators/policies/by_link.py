# SPDX-License-Identifier: Apache-2.0
"""Somebody with a personal link and a browser: opens it, reads, chooses, submits; as its script does, the code is posted."""

from __future__ import annotations

import re
import time
from html import unescape
from urllib.parse import urlsplit

import httpx

_LINK = re.compile(r"(https?://\S+/)#([A-Za-z0-9_-]{43})")
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
_DECISION = re.compile(r'name="(decision\.[^"]+)"')
_ANSWER = re.compile(r'<label><input type="radio" name="(answer\.[^"]+)" value="(\d+)"[^>]*> ([^<]*)</label>')
_TRIES, _SECONDS = 30, 2.0


def answer_by_link(text: str, answer: str) -> None:
    """Acknowledge all that a mail's link asks.

    Args:
        text: Of the mail.
        answer: To whatever it asks besides.

    Raises:
        AssertionError: It was not stored.
    """
    found = _LINK.search(text)
    assert found is not None, "the mail has no link"
    url, code = found.groups()
    parts = urlsplit(url)
    headers = {"sec-fetch-site": "same-origin", "origin": f"{parts.scheme}://{parts.netloc}"}
    with httpx.Client(headers=headers, timeout=30) as browser:
        entry = browser.get(url)
        assert entry.status_code == 200, entry.status_code
        opened = _until_shown(browser, url, code)
        fields = {name: unescape(value) for name, value in _HIDDEN.findall(opened.text)}
        fields |= dict.fromkeys(_DECISION.findall(opened.text), "acknowledged")
        fields |= {name: number for name, number, label in _ANSWER.findall(opened.text) if unescape(label).strip() == answer}
        stored = browser.post(f"{url}answer", data=fields)
        assert "<h1>Stored</h1>" in stored.text, stored.text[:2000]


def _until_shown(browser: httpx.Client, url: str, code: str) -> httpx.Response:
    """Open it, again where it can not be read just now: that a link was recorded may be read a moment later."""
    for _ in range(_TRIES):
        opened = browser.post(f"{url}open", data={"code": code})
        if opened.status_code == 200:
            return opened
        time.sleep(_SECONDS)
    raise AssertionError(opened.text[:2000])
