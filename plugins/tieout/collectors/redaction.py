# SPDX-License-Identifier: Apache-2.0
"""Takes e-mail addresses out of what a source gives, before anything of it is kept: each becomes its person's id.

Addresses only (`tieout.addresses` says which are found). Names, telephone numbers and free text stay as the source gives them:
what a population does not need is left out of the export, not here.
"""

from __future__ import annotations

from collections.abc import Iterator

from tieout.addresses import Replacer, replaced
from tieout.errors import ContractError
from tieout.persons import PersonKey

WHAT = "e-mail address"
HOW = "replaced by a person id: person- and 20 hexadecimal digits of HMAC-SHA256 under the identity key; a pseudonym"
_OPAQUE = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zX": "xz",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
"""How content begins in which no address would be found."""
_HEAD = max(map(len, _OPAQUE))


class Redactor:
    """Replaces addresses in the pages of one extraction, and notes whose they are."""

    def __init__(self, key: PersonKey) -> None:
        self._key = key
        self._ids: dict[str, str] = {}
        self.seen: dict[str, str] = {}
        """Address by person id, as it was first seen in a page."""

    def text(self, text: str) -> str:
        """Return a text as it would stand in a page; it is no page, so nobody is seen in it."""
        return replaced(text, lambda address: self._key.person(address).encode())

    def replacer(self, *, json: bool) -> Replacer:
        """Return what replaces the addresses of one page, and notes whose they are."""
        return Replacer(self._note, json=json)

    def _note(self, address: str) -> bytes:
        person = self._ids.get(address)
        if person is None:
            person = self._ids[address] = self._key.person(address)
            self.seen.setdefault(person, address)
        return person.encode()


def redacted(pieces: Iterator[bytes], replacer: Replacer, origin: str) -> Iterator[bytes]:
    """Pass a page on with its addresses replaced.

    Raises:
        ContractError: It begins like something in which no address would be found.
    """
    head = b""
    for piece in pieces:
        if len(head) < _HEAD:
            head += piece[:_HEAD]
            _refuse_opaque(head, origin)
        yield replacer.feed(piece)
    yield replacer.end()


def _refuse_opaque(head: bytes, origin: str) -> None:
    found = next((kind for magic, kind in _OPAQUE.items() if head.startswith(magic)), None)
    if found:
        msg = (
            f"{origin}: expected UTF-8 text, got {found}: e-mail addresses would not be found in it, so it is not kept. "
            f"Nothing lands for this window. Export it as UTF-8 text, plain or as a .gz file."
        )
        raise ContractError(msg)
