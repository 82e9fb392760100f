# SPDX-License-Identifier: Apache-2.0
"""Small files of each kind, made by hand: whole ones, and the parts from which attacks are made."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
import zlib

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x7f\xff\x00\xff\xd0\x12\xff\xd9"
)
OFFICE = "application/vnd.openxmlformats-officedocument"
MAIN = {
    "docx": ("word/document.xml", f"{OFFICE}.wordprocessingml.document.main+xml"),
    "xlsx": ("xl/workbook.xml", f"{OFFICE}.spreadsheetml.sheet.main+xml"),
    "pptx": ("ppt/presentation.xml", f"{OFFICE}.presentationml.presentation.main+xml"),
}
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
XML = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


_OUTSIDE = ' TargetMode="External"'


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


def png(width: int = 1, height: int = 1, *extra: bytes) -> bytes:
    """Return a PNG picture with further chunks before its end."""
    head = chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\0")) + b"".join(extra) + chunk(b"IEND", b"")


def relations(*entries: tuple[str, str, bool]) -> bytes:
    """Return a list of relationships: type, target, and whether it is outside."""
    rows = "".join(
        f'<Relationship Id="r{n}" Type="{kind}" Target="{target}"{_OUTSIDE if outside else ""}/>'
        for n, (kind, target, outside) in enumerate(entries)
    )
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return XML + f'<Relationships xmlns="{space}">{rows}</Relationships>'.encode()


def types(*overrides: tuple[str, str], defaults: str = "") -> bytes:
    """Return a list of content types: part and type."""
    rows = "".join(f'<Override PartName="/{part}" ContentType="{kind}"/>' for part, kind in overrides)
    space = "http://schemas.openxmlformats.org/package/2006/content-types"
    return (
        XML + f'<Types xmlns="{space}"><Default Extension="xml" ContentType="application/xml"/>{defaults}{rows}</Types>'.encode()
    )


def zipped(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive."""
    made = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(made, "w", method) as archive:
        warnings.simplefilter("ignore", UserWarning)
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return made.getvalue()


def office(kind: str = "docx", more: dict[str, bytes] | None = None, main_type: str | None = None, **said: str) -> bytes:
    """Return a document with further or other parts."""
    part, usual = MAIN[kind]
    parts = {
        "[Content_Types].xml": types((part, main_type or usual), **said),
        "_rels/.rels": relations((f"{RELATION}/officeDocument", part, False)),
        part: XML + b"<main>Words</main>",
        "docProps/thumbnail.jpeg": JPEG,
    }
    return zipped({**parts, **(more or {})})


WHOLE: dict[str, bytes] = {
    "minutes.pdf": PDF,
    "shot.png": png(),
    "photo.JPG": JPEG,
    "photo.jpeg": JPEG,
    "list.csv": "name,sum\r\n=cmd|' /C calc'!A0,\u20ac 5\r\n".encode(),
    "log.txt": "\ufeffrestored\f\t\u754c\n".encode(),
    "notes.md": b"# Notes\n\n<div>inert</div>\n",
    "report.docx": office(),
    "register.xlsx": office("xlsx", {"xl/printerSettings/printerSettings1.bin": b"\0\1"}),
    "deck.pptx": office("pptx"),
}
"""Whole files by a name they may have."""
