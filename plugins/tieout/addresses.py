# SPDX-License-Identifier: Apache-2.0
r"""Finds e-mail addresses in bytes as they stream by, and puts something else in their place.

An address is what mail servers exchange: a local part, ``@``, and a domain with a dot (RFC 5321, sections 2.3.5 and 2.3.11), or
git's own ``user@host.(none)``. It is also found as a URL writes it (``ann%40example.com``) and, in JSON, with escaped
characters before the domain (``\u003cann@example.com``, ``j\u00fcrgen@example.com``). Where bytes can be read in two ways,
more is replaced rather than less: ``logo@2x.png`` looks like an address, and is taken for one.

Not found: a domain without a dot, a domain that is a bare number or written with JSON escapes, a quoted local part
(``"ann b"@example.com``), and what stands in base64, in HTML entities, or in any encoding but UTF-8. ``= / ? { } | * ` %`` end
a local part, because formats separate with them: an address that holds one keeps what stands before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

MAX_LOCAL = 256
"""Bytes of a local part. RFC 5321 allows 64; reply and bounce addresses are longer."""
MAX_DOMAIN = 255
"""Bytes of a domain (RFC 5321, section 4.5.3.1.2)."""
_UNDECIDED = 1024
_KEPT = 2048
"""Bytes at the end of what has come that wait for more; longer than any address on both sides of its ``@``."""

_PUNCTUATION = b".!#$&'+-[]^_~"
_LOCAL = bytes(range(0x80, 0x100)) + b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + _PUNCTUATION
_NOT_FIRST = _PUNCTUATION.replace(b"_", b"")
_SEPARATORS = {False: re.compile(rb"@|%40"), True: re.compile(rb"@|%40|\\u0040")}
_LETTER = rb"A-Za-z\x80-\xff"
_LABEL = rb"[" + _LETTER + rb"0-9_](?:[" + _LETTER + rb"0-9_-]*[" + _LETTER + rb"0-9_])?\."
_TOP = rb"[" + _LETTER + rb"](?:[" + _LETTER + rb"0-9-]*[" + _LETTER + rb"0-9])"
_DOMAIN = re.compile(rb"(?:" + _LABEL + rb")+(?:" + _TOP + rb"|\(none\))")
_TOKENS = {
    False: re.compile(rb"%[0-9A-Fa-f]{2}|.", re.DOTALL),
    True: re.compile(rb"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\.|.", re.DOTALL),
}
"""Characters of a local part as a URL writes them and, second, as a URL or JSON does."""
_ESCAPE = re.compile(rb"[\\%]")
_LONGEST_ESCAPE = 6
_WORDS = re.compile(r"[\w.!#$&'+\-\[\]^~]+\Z")
_HOST = re.compile(r"(?:[\w](?:[\w-]*[\w])?\.)+[^\W\d_](?:[\w-]*[\w])")

Found = tuple[int, int, str]
"""Start, end, and the address as text."""


class Replacer:
    """Replaces the addresses of one stream: `feed` it piece by piece, then `end` it.

    It holds a few kilobytes however long the stream is, and where the pieces are cut makes no difference to what comes out.
    """

    def __init__(self, replace: Callable[[str], bytes], *, json: bool = False) -> None:
        self._replace = replace
        self._json = json
        self._rest = b""
        self.count = 0
        """Addresses replaced so far."""

    def feed(self, piece: bytes) -> bytes:
        """Take the next piece, and return what is decided of the stream so far."""
        data = self._rest + piece
        # An address that starts before the cut ends before what is undecided: it is whole here, and is found now.
        cut, decided = len(data) - _KEPT, len(data) - _UNDECIDED
        if cut <= _KEPT:
            self._rest = data
            return b""
        done, self._rest = self._replaced(data, _before_escape(data, cut), decided)
        return done

    def end(self) -> bytes:
        """Return what is left of the stream."""
        done, _ = self._replaced(self._rest, len(self._rest), len(self._rest))
        self._rest = b""
        return done

    def _replaced(self, data: bytes, cut: int, decided: int) -> tuple[bytes, bytes]:
        parts: list[bytes] = []
        position = 0
        for start, end, address in find(data, decided, json=self._json):
            if start >= cut:
                break
            parts += [data[position:start], self._replace(address)]
            position = end
            self.count += 1
        parts.append(data[position:cut])
        return b"".join(parts), data[max(position, cut) :]


def replaced(text: str, replace: Callable[[str], bytes]) -> str:
    """Return a text with its addresses replaced."""
    replacer = Replacer(replace)
    return (replacer.feed(text.encode()) + replacer.end()).decode()


def find(data: bytes, decided: int | None = None, *, json: bool = False) -> Iterator[Found]:
    """Yield the addresses whose ``@`` stands before ``decided``, in order and without overlaps."""
    stop, floor = len(data) if decided is None else decided, 0
    for separator in _SEPARATORS[json].finditer(data):
        at, after = separator.span()
        if at >= stop:
            return
        domain = _DOMAIN.match(data, after, after + MAX_DOMAIN) if at >= floor else None
        if domain is None:
            continue
        window = data[max(floor, at - MAX_LOCAL) : at]
        taken, local = _local(window, encoded=separator[0] == b"%40", json=json)
        host = domain[0]
        if not host.isascii():
            host = _unicode_host(host)
        if taken and host:
            floor = after + len(host)
            yield at - taken, floor, f"{local}@{host.decode()}"


def _before_escape(data: bytes, cut: int) -> int:
    """Return a cut that leaves no escape in two: the given one, or one a little before it."""
    escape = _ESCAPE.search(data, cut - _LONGEST_ESCAPE, cut)
    if escape is None:
        return cut
    before = data[escape.start() - MAX_LOCAL : escape.start()]
    return escape.start() - (len(before) - len(before.rstrip(b"\\")))


def _local(window: bytes, *, encoded: bool, json: bool) -> tuple[int, str]:
    """Return the local part at the end of a window: how many bytes it takes there, and its text."""
    run = window[len(window.rstrip(_LOCAL)) :]
    # What JSON escapes must not be cut in two: \\n before an address is a line break, and n no part of it.
    escaped = json and window[: len(window) - len(run)].endswith(b"\\")
    if escaped or (encoded and b"%" in window):
        return _decoded(window, json=json)
    if run.isascii():
        local = run.lstrip(_NOT_FIRST)
        return len(local), local.decode()
    return _unicode_local(run)


def _decoded(window: bytes, *, json: bool) -> tuple[int, str]:
    """Return the local part at the end of a window whose characters may be written as escapes."""
    tokens: list[tuple[int, bytes]] = []
    for written in reversed(_TOKENS[json].findall(window)):
        meant = _meant(written)
        if not meant or meant.strip(_LOCAL):
            break
        tokens.append((len(written), meant))
    while tokens and tokens[-1][1] in _NOT_FIRST:
        tokens.pop()
    text = b"".join(meant for _, meant in reversed(tokens))
    return sum(size for size, _ in tokens), text.decode(errors="replace")


def _meant(token: bytes) -> bytes:
    """Return what a token of `_TOKENS` stands for, in UTF-8; nothing for what can not be part of an address."""
    if token.startswith(b"%"):
        return unquote_to_bytes(token)
    if not token.startswith(b"\\"):
        return token
    character = chr(int(token[2:], 16)) if len(token) == 6 else ""
    return character.encode() if character.isascii() or character.isalnum() else b""


def _unicode_local(run: bytes) -> tuple[int, str]:
    """Return the local part at the end of a run that is no ASCII: letters of any script, no quotes, no spaces."""
    words = _WORDS.search(run.decode(errors="surrogateescape"))
    local = words[0].lstrip(_NOT_FIRST.decode()) if words else ""
    return len(local.encode(errors="surrogateescape")), local


def _unicode_host(host: bytes) -> bytes:
    """Return the host at the start of bytes that are no ASCII, or nothing: a quotation mark behind it is no part of it."""
    words = _HOST.match(host.decode(errors="surrogateescape"))
    return words[0].encode(errors="surrogateescape") if words else b""
