# SPDX-License-Identifier: Apache-2.0
"""DOCX, XLSX and PPTX: an archive that all readers understand alike, without bombs, macros, objects or pulls from outside.

1. The archive itself: what the single-file verifier of evidence takes (`verify_package.Archive`), with narrower bounds.
2. Names of parts: only ends that documents need; no macros, controls, objects or documents inside.
3. Bytes of parts: each unpacks to exactly what its header says. No XML declares a document type, so that it has no entities.
4. What is declared: content types and relationships name nothing of (2), nothing that is fetched when the document is opened,
   and the one main part that this kind of document has.

Parts are unpacked in blocks that nobody keeps. Memory holds a block, the directory (`_Package.MAX_DIRECTORY`) and, one at a
time, a list of types or relationships (`MOST_DECLARED`). Formulas, fields and hyperlinks stay: nothing here runs them.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, NoReturn

from tieout.confirmations.file_bytes import BLOCK
from tieout.confirmations.office_declared import MOST_DECLARED, XML_ENDS, Declared, refuse_active
from tieout.criteria.form_fields import FileKind
from tieout.errors import UploadRefused
from tieout.evidence import verify_package

MOST_UNPACKED = 256 * 1024 * 1024
"""Bytes of all parts together. It bounds the time: about a second."""
_MEDIA = re.compile(r".*\.(png|jpg|jpeg|jpe|jfif|gif|bmp|tiff?|emf|wmf|wdp|odttf|fntdata)", re.DOTALL)
"""Pictures and fonts."""
_PRINTER = re.compile(r"(xl|word|ppt)/printersettings/[^/]+\.bin")
_HEADS = (b"PK\3\4", b"PK\5\6", b"\xd0\xcf\x11\xe0", b"MZ", b"\x7fELF", b"%PDF", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"#!")
_FORBIDDEN = tuple(word.encode(code) for word in ("<!DOCTYPE", "<!ENTITY") for code in ("ascii", "utf-16-le", "utf-16-be"))
_OVERLAP = max(map(len, _FORBIDDEN))
_XML_STARTS = tuple("<".encode(code) for code in ("ascii", "utf-16-le", "utf-16-be"))
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([^"']*)""")
_ENCODINGS = (b"utf-8", b"utf-16", b"us-ascii", b"ascii", b"iso-8859-1", b"windows-1252")
"""In all of them the forbidden words are written as in `_FORBIDDEN`."""


class _Package(verify_package.Archive):
    MAX_MEMBERS, MAX_DIRECTORY, MAX_MEMBER = 5000, 2**20, MOST_UNPACKED


def check_office(path: Path, kind: FileKind) -> None:
    """Check a document; see the module's docstring for the steps.

    Args:
        path: The file.
        kind: ``docx``, ``xlsx`` or ``pptx``.

    Raises:
        UploadRefused: A step fails.
    """
    _refuse_other(path, kind)
    try:
        _Package(path)  # (1)
    except verify_package.Finding as finding:
        _refuse_archive(finding.reason)
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        members = [each for each in archive.infolist() if not each.is_dir()]
        if sum(each.file_size for each in members) > MOST_UNPACKED:
            _refuse_bomb()
        names = {each.filename.lower() for each in members}
        for name in sorted(names):
            _check_name(name)  # (2)
        declared = Declared(kind)
        for each in members:
            blocks = _unpacked(file, each)
            name = each.filename.lower()
            if name.endswith(".rels") or name == "[content_types].xml":
                declared.read(name, _bounded(each, blocks))  # (3) and (4)
            elif name.endswith(XML_ENDS):
                _check_xml(blocks)  # (3)
            else:
                _check_other(blocks)  # (3)
        declared.judge(names)  # (4)


def _refuse_other(path: Path, kind: str) -> None:
    with path.open("rb") as file:
        head = file.read(4)
    if head == b"\xd0\xcf\x11\xe0":
        _refuse(f"It is protected by a password, or in an old format. Save it as {kind.upper()} without a password.")
    if head != b"PK\x03\x04":
        _refuse(f"The name says {kind.upper()}, and the file begins otherwise. Save it as {kind.upper()} again.")


def _refuse_archive(reason: str) -> NoReturn:
    if "is encrypted" in reason:
        _refuse("It is protected by a password. Save it without one.")
    if "bytes of directory" in reason:
        _refuse(f"The document has too many parts: expected at most {_Package.MAX_MEMBERS}. Save it as PDF.")
    if "unpacks to more" in reason or "too large" in reason:
        _refuse_bomb()
    _refuse("The document is damaged, or something stands before, between or behind its parts. Open it and save it again.")


def _check_name(name: str) -> None:
    refuse_active(name)
    if not (name.endswith(XML_ENDS) or _MEDIA.fullmatch(name) or _PRINTER.fullmatch(name)):
        _refuse("The document holds a file of a kind that documents do not need. Save it as PDF.")


def _unpacked(file: IO[bytes], member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Unpack a part block by block, never beyond the size that it states."""
    file.seek(member.header_offset + 26)
    lengths = file.read(4)
    at = member.header_offset + 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
    packed, size, checksum = member.compress_size, 0, 0
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS) if member.compress_type == zipfile.ZIP_DEFLATED else None
    waiting = b""
    try:
        while packed or waiting or (unpacker and not unpacker.eof):
            if not waiting and packed:
                file.seek(at)
                waiting = file.read(min(packed, BLOCK))
                at, packed = at + len(waiting), packed - len(waiting)
                if not waiting:
                    _refuse_cut()
            block = unpacker.decompress(waiting, BLOCK) if unpacker else waiting
            waiting = unpacker.unconsumed_tail if unpacker else b""
            size, checksum = size + len(block), zlib.crc32(block, checksum)
            if size > member.file_size:
                _refuse_bomb()
            if unpacker and ((unpacker.eof and (packed or unpacker.unused_data)) or not (block or packed or unpacker.eof)):
                _refuse_cut()  # bytes behind the end, or none before it
            yield block
    except zlib.error:
        _refuse_cut()
    if (size, checksum) != (member.file_size, member.CRC):
        _refuse_cut()


def _bounded(member: zipfile.ZipInfo, blocks: Iterable[bytes]) -> bytes:
    if member.file_size > MOST_DECLARED:
        _refuse_bomb()
    data = b"".join(blocks)
    _check_xml([data])
    return data


def _check_xml(blocks: Iterable[bytes]) -> None:
    kept, first = b"", True
    for block in blocks:
        if first and block:
            start = block.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").lstrip()
            stated = _ENCODING.search(block[:400].replace(b"\0", b"").split(b"?>")[0])
            if not start.startswith(_XML_STARTS) or (stated and stated[1].lower() not in _ENCODINGS):
                _refuse("The document holds XML in an unusual encoding. Open it and save it again.")
            first = False
        seen = kept + block
        if any(word in seen for word in _FORBIDDEN):
            _refuse("The document's XML declares entities, which no Office program writes. Save it as PDF.")
        kept = seen[-_OVERLAP:]


def _check_other(blocks: Iterator[bytes]) -> None:
    first = b""
    for block in blocks:
        first = first if len(first) >= 8 else (first + block)[:8]
    if first.startswith(_HEADS):
        _refuse("The document holds another file where a picture should stand. Save it as PDF.")


def _refuse_cut() -> NoReturn:
    _refuse("The document is damaged: a part of it is not what its header says. Open it and save it again.")


def _refuse_bomb() -> NoReturn:
    most = f"more than {MOST_UNPACKED} bytes, or than 200 times its size"
    _refuse(f"The document has too many parts, or unpacks to far more than it is: {most}. Save it as PDF.")


def _refuse(message: str) -> NoReturn:
    raise UploadRefused(message)
