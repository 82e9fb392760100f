# SPDX-License-Identifier: Apache-2.0
"""E-mail addresses are found as formats write them, whatever piece they come in, and nothing around them is touched."""

from __future__ import annotations

import json
import random

import pytest

from tieout.addresses import MAX_LOCAL, Replacer, find, replaced


def marked(data: bytes, *, as_json: bool = False, sizes: tuple[int, ...] = (10**9,)) -> bytes:
    """Return the bytes with each address in angle brackets, fed in pieces of these sizes in turn."""
    replacer = Replacer(lambda address: f"<{address}>".encode(), json=as_json)
    out, position, turn = b"", 0, 0
    while position < len(data):
        size = sizes[turn % len(sizes)]
        out += replacer.feed(data[position : position + size])
        position, turn = position + size, turn + 1
    return out + replacer.end()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a1,ann@example.com,web-merge,2\n", "a1,<ann@example.com>,web-merge,2\n"),
        ("\x01abc\x00ann@example.com\x00ben@example.org\x00Fix", "\x01abc\x00<ann@example.com>\x00<ben@example.org>\x00Fix"),
        ("Ann <Ann.B+tag@Sub.Example.co.uk>", "Ann <<Ann.B+tag@Sub.Example.co.uk>>"),
        ("'ann@x.org' [ann@x.org] (ann@x.org). ann@x.org, ann@x.org:", "'<>' [<>] (<>). <>, <>:"),
        ("https://host/find?email=ann@x.org&all=1", "https://host/find?email=<>&all=1"),
        ("https://host/users/ann%40x.org/keys", "https://host/users/<>/keys"),
        ("q=%22ann%2Bweb%40x.org%22", "q=%22<ann+web@x.org>%22"),
        ("O'Brien@x.org r&d@x.org _root@x.org", "<O'Brien@x.org> <r&d@x.org> <_root@x.org>"),
        ("7+dependabot[bot]@users.noreply.github.com", "<7+dependabot[bot]@users.noreply.github.com>"),
        ("jürgen@münchen.example “ann@x.org”", "<jürgen@münchen.example> “<>”"),
        ("ann@laptop.(none)", "<ann@laptop.(none)>"),
        ("ann@my_laptop.local", "<ann@my_laptop.local>"),
        ("ann@x.org@y.org", "<>@y.org"),
        ("ann@localhost checkout@v4 lodash@4.17.21 @ann a@ ann@x.o", "ann@localhost checkout@v4 lodash@4.17.21 @ann a@ ann@x.o"),
        ("..@x.org", "..@x.org"),
        ("logo@2x.png", "<logo@2x.png>"),
    ],
)  # fmt: skip
def test_an_address_ends_where_the_text_around_it_begins(text: str, expected: str) -> None:
    assert marked(text.encode()).decode() == expected.replace("<>", "<ann@x.org>")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (r'"by\nann@x.org"', r'"by\n<ann@x.org>"'),
        (r'"\u003cann@x.org\u003e"', r'"\u003c<ann@x.org>\u003e"'),
        (r'"\u201cann@x.org\u201d"', r'"\u201c<ann@x.org>\u201d"'),
        (r'"j\u00fcrgen@x.org"', '"<jürgen@x.org>"'),
        (r'"ann\u002bweb@x.org"', '"<ann+web@x.org>"'),
        (r'"ann\u0040x.org"', '"<ann@x.org>"'),
        (r'"\nann%40x.org"', r'"\n<ann@x.org>"'),
        (r'"DOMAIN\\ann@x.org"', r'"DOMAIN\\<ann@x.org>"'),
        (r'"\"ann@x.org\""', r'"\"<ann@x.org>\""'),
    ],
)
def test_json_stays_json_and_its_escapes_are_read(written: str, expected: str) -> None:
    found = marked(written.encode(), as_json=True).decode()
    assert found == expected
    json.loads(found)


def test_a_backslash_is_an_escape_in_json_only() -> None:
    assert marked(rb"DOMAIN\nancy@x.org") == rb"DOMAIN\<nancy@x.org>"


def test_bytes_that_are_no_utf_8_end_an_address_and_stay() -> None:
    assert marked(b"caf\xe9 ann@x.org\xff") == b"caf\xe9 <ann@x.org>\xff"


def test_a_local_part_has_a_length_and_a_long_one_leaves_no_address() -> None:
    found = marked(b"y" * 1000 + b"@x.org")
    assert found == b"y" * (1000 - MAX_LOCAL) + b"<" + b"y" * MAX_LOCAL + b"@x.org>"


def pieces_of(seed: int) -> bytes:
    """Return a hostile mixture: addresses, halves of them, escapes, and runs longer than any address."""
    chosen = random.Random(seed)
    parts = [b"ann@example.com", b"@", b"%40", b"\\u0040", b"\\n", b",", b".", b"x" * 50, "ü".encode(), "“".encode(), b"-"]
    parts += [b"a", b"com", b"%2B", b"y" * 300, b"b@c.de", b"\\u00fc", b"\xff", b"\\\\", b".(none)", b"c.d." * 80]
    return b"".join(chosen.choice(parts) for _ in range(chosen.randrange(1, 400)))


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("seed", range(60))
def test_where_the_pieces_are_cut_makes_no_difference(seed: int, *, as_json: bool) -> None:
    data = pieces_of(seed)
    whole, position = b"", 0
    for start, end, address in find(data, json=as_json):
        whole += data[position:start] + f"<{address}>".encode()
        position = end
    whole += data[position:]
    for sizes in ((1,), (7, 1000), (3000, 1, 100)):
        assert marked(data, as_json=as_json, sizes=sizes) == whole


@pytest.mark.parametrize("before", range(10))
@pytest.mark.parametrize("escape", [rb"\n", rb"\u003c", rb"\\", rb"\\\n"])
def test_a_cut_leaves_no_escape_in_two(escape: bytes, before: int) -> None:
    data = b"," * (5000 - before) + escape + b"ann@x.org" + b"," * 5000
    expected = b"," * (5000 - before) + escape + b"<ann@x.org>" + b"," * 5000
    assert marked(data, as_json=True, sizes=(5000 + 2048,)) == expected  # 2048 bytes wait, so that the cut is at 5000


def test_a_long_stream_is_held_in_kilobytes_and_counted() -> None:
    replacer = Replacer(lambda _: b"P")
    given, got = 0, 0
    for piece in [b"x" * 100_000, b"ann@example.com," * 10_000, b"-" * 50_000, b"\\" * 50_000] * 3:
        given += len(piece)
        got += len(replacer.feed(piece))
        assert given - got - 14 * replacer.count < 8192
    replacer.end()
    assert replacer.count == 30_000


@pytest.mark.parametrize("unit", [b"a@", b"%40", b"x" * 255 + b"@" + b"a." * 120, b"x@" + b"a-" * 120, b"\\", b"QUJDREVG"])
def test_hostile_content_comes_to_an_end_as_it_was(unit: bytes) -> None:
    content = unit * (2_000_000 // len(unit))
    came = marked(content, as_json=True, sizes=(1024 * 1024,))
    assert came.replace(b"<", b"").replace(b">", b"") == content, "only the marks are added"


def test_a_text_is_replaced_as_a_page_is() -> None:
    assert replaced("Ann <ann@x.org> é", lambda _: b"P") == "Ann <P> é"
