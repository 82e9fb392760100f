# SPDX-License-Identifier: Apache-2.0
"""Files told by their bytes: each check walks a format as far as it takes to know that the file is that and nothing besides.

Nothing is decoded: no picture, no page, no cell. A check reads in blocks or through a memory map, and raises `UploadRefused`.
"""

from __future__ import annotations

import codecs
import mmap
import re
import struct
import zlib
from pathlib import Path
from typing import NoReturn

from tieout.errors import UploadRefused

BLOCK = 64 * 1024
MOST_PIXELS = 100_000_000
"""A larger picture would take gigabytes in whoever looks at it."""
_TAIL = 22 + 65535
"""Bytes at a file's end in which readers of ZIP archives look for the directory."""
_PDF_TAIL = 1024
_PDF_HEAD = re.compile(rb"%PDF-[12]\.\d[\s%]")
_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
"""In a JPEG's pixels: a marker that is neither an escaped byte, a restart nor a filler."""
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_STARTS = re.compile(
    rb"<(!doctype|html|head|body|script|iframe|svg|\?xml|!entity)|#!|%pdf-|gif8|\{\\rtf|mz.{0,200}\x00|pk\x03", re.DOTALL
)
"""How a page, a script or another format begins that may look like text."""
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
"""Control characters; tabulator, line ends and form feed are text."""


def refuse_archive_behind(path: Path) -> None:
    """Check that no reader of ZIP archives takes a file for one.

    Raises:
        UploadRefused: A directory stands where such a reader looks.
    """
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        if b"PK\x05\x06" in file.read():
            _refuse("There is an archive in the file, behind what it shows. Save it again, or print it to PDF.")


def check_pdf(path: Path) -> None:
    """Check that a file is a PDF from its first byte to its last.

    Raises:
        UploadRefused: It begins or ends otherwise.
    """
    with path.open("rb") as file:
        head = file.read(16)
        file.seek(max(0, path.stat().st_size - _PDF_TAIL))
        tail = file.read()
    if not _PDF_HEAD.match(head):
        _refuse("The name says PDF, and the file begins otherwise. Save it as PDF again.")
    _, mark, behind = tail.rpartition(b"%%EOF")
    if not mark or behind.strip(b" \t\r\n\x00"):
        _refuse("The PDF is cut, or something stands behind its end. Save it as PDF again.")


def check_png(path: Path) -> None:
    """Check that a file is a whole PNG picture, chunk by chunk with their checksums, and ends with it.

    Raises:
        UploadRefused: It is damaged, is something else, has something behind it, or is too large to look at.
    """
    size, at, kinds = path.stat().st_size, len(_PNG_HEAD), list[bytes]()
    with path.open("rb") as file:
        if file.read(at) != _PNG_HEAD:
            _refuse("The name says PNG, and the file begins otherwise. Save it as PNG again.")
        while at < size and kinds[-1:] != [b"IEND"]:
            length, kind = struct.unpack(">L4s", file.read(8).ljust(8, b"\0"))
            if at + 12 + length > size or not kind.isalpha() or (not kinds and (length, kind) != (13, b"IHDR")):
                _refuse_damaged("PNG")
            checksum, left, first = zlib.crc32(kind), length, b""
            while left:
                piece = file.read(min(left, BLOCK))
                first, checksum, left = first or piece, zlib.crc32(piece, checksum), left - len(piece)
            if file.read(4) != struct.pack(">L", checksum):
                _refuse_damaged("PNG")
            if kind == b"IHDR":
                _refuse_huge(*struct.unpack(">LL", first[:8]))
            kinds.append(kind)
            at += 12 + length
    if at != size or kinds[-1:] != [b"IEND"] or b"IDAT" not in kinds:
        _refuse_damaged("PNG")


def check_jpeg(path: Path) -> None:
    """Check that a file is a whole JPEG picture, segment by segment, and ends with it.

    Raises:
        UploadRefused: It is damaged, is something else, has something behind it, or is too large to look at.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:3] != b"\xff\xd8\xff":
            _refuse("The name says JPEG, and the file begins otherwise. Save it as JPEG again.")
        at, shown = 2, False
        while data[at : at + 1] == b"\xff" and at + 4 <= len(data):
            marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
            if marker == 0xFF:  # a filler
                at += 1
                continue
            if marker in (0x00, 0x01, _SOI, _EOI) or length < 2:
                break
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                _refuse_huge(*struct.unpack(">HH", data[at + 5 : at + 9].ljust(4, b"\0")), lines_may_follow=True)
            at += 2 + length
            if marker == _SOS:
                shown = True
                found = _MARKER.search(data, at)
                at = found.start() if found else len(data)
        if not shown or data[at:] != b"\xff\xd9":
            _refuse_damaged("JPEG")


def check_text(path: Path) -> None:
    """Check that a file is UTF-8 text without control characters, and does not begin like a page, a script or another format.

    Raises:
        UploadRefused: It is not.
    """
    decoder, first = codecs.getincrementaldecoder("utf-8")(), True
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if first and _STARTS.match(block.removeprefix(codecs.BOM_UTF8).lstrip()[:512].lower()):
                _refuse("The name says text, and the file begins like a page, a program or a file of another kind.")
            first = False
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                _refuse_no_text()
            if _NOT_TEXT.search(block):
                _refuse_no_text()
    try:
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        _refuse_no_text()


def _refuse_huge(height: int, width: int, *, lines_may_follow: bool = False) -> None:
    if not width or (not height and not lines_may_follow) or height * width > MOST_PIXELS:
        _refuse(f"Expected a picture of 1 to {MOST_PIXELS} pixels. Make it smaller.")


def _refuse_no_text() -> NoReturn:
    _refuse("Expected text in UTF-8 without control characters. From a spreadsheet, save as CSV UTF-8.")


def _refuse_damaged(what: str) -> NoReturn:
    _refuse(f"The {what} picture is damaged, or something stands behind its end. Take a screenshot of it, or save it again.")


def _refuse(message: str) -> NoReturn:
    raise UploadRefused(message)
