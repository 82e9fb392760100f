# SPDX-License-Identifier: Apache-2.0
"""Attacks on the taking of files: a name, the bytes, and the words with which it is refused, or `INERT`."""

from __future__ import annotations

import io
import zipfile

from tests.unit.confirmations.made_files import JPEG, OFFICE, PDF, RELATION, XML, chunk, office, png, relations, types, zipped

INERT = "inert"
Row = tuple[str, str, bytes, str]
"""What it is, the file's name, its bytes, and words of the refusal."""

ZIP = zipped({"a.txt": b"a"})
HTML = b"<html><script>alert(1)</script></html>"
_RELS = "word/_rels/document.xml.rels"
_BOMB = XML + b"<a>" + b" " * 4_000_000 + b"</a>"
_PRINTER = f'<Default Extension="bin" ContentType="{OFFICE}.spreadsheetml.printerSettings"/>'
_ENTITIES = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>'


def _encrypted() -> bytes:
    data = bytearray(office())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        found = data.find(signature)
        data[found + at] |= 1
    return bytes(data)


def _lies() -> bytes:
    """A part that states fewer bytes than it unpacks to, and their checksum."""
    short, whole = XML + b"<a/>", XML + b"<a/>" + b" " * 5000
    data = bytearray(office(more={"word/x.xml": whole}))
    with zipfile.ZipFile(io.BytesIO(office(more={"word/x.xml": short}))) as archive:
        said = archive.getinfo("word/x.xml")
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        at = archive.getinfo("word/x.xml").header_offset
    central = data.find(b"PK\x01\x02", data.rfind(b"word/x.xml") - 46)
    for start, offset in ((at, 14), (central, 16)):
        data[start + offset : start + offset + 4] = said.CRC.to_bytes(4, "little")
        data[start + offset + 8 : start + offset + 12] = said.file_size.to_bytes(4, "little")
    return bytes(data)


def _outside(kind: str, target: str) -> bytes:
    return office(more={_RELS: relations((f"{RELATION}/{kind}", target, True))})


NAMES: tuple[Row, ...] = (
    ("a path upwards", "../../x.pdf", PDF, "is a path"),
    ("a path of Windows", "C:\\x.pdf", PDF, "is a path"),
    ("another stream of a file", "x.pdf:evil.pdf", PDF, "is a path"),
    ("NUL in the name", "x.pdf\0.png", PDF, "can not be seen"),
    ("direction turned round", "x\u202efdp.exe.pdf", PDF, "can not be seen"),
    ("a zero-width space", "x\u200b.pdf", PDF, "can not be seen"),
    ("half a character", "x\ud800.pdf", PDF, "can not be seen"),
    ("a device", "con.pdf", PDF, "name of a device"),
    ("a device with two ends", "LPT\u00b9.tar.pdf", PDF, "name of a device"),
    ("very long", "x" * 300 + ".pdf", PDF, "too long"),
    ("long in bytes", "\u754c" * 80 + ".pdf", PDF, "too long"),
    ("no name", "", PDF, "no name"),
    ("a name without a stem", ".pdf", PDF, "a letter or a digit"),
    ("a hidden file", ".x.pdf", PDF, "does not start with a dot"),
    ("no end", "minutes", PDF, "whose name ends in .pdf"),
    ("a program behind", "x.pdf.exe", PDF, "whose name ends in .pdf"),
    ("a program before", "x.exe.pdf", PDF, "two ends"),
    ("a page before", "x.html .pdf", PDF, "two ends"),
    ("SVG", "x.svg", b"<svg/>", "a page that a browser would run"),
    ("HTML", "x.HTML", HTML, "a page that a browser would run"),
    ("a workbook that may hold macros", "x.xlsm", office("xlsx"), "can hold macros"),
    ("a binary workbook", "x.xlsb", office("xlsx"), "can hold macros"),
    ("an old document", "x.doc", b"\xd0\xcf\x11\xe0", "old Office format"),
    ("an archive", "x.zip", ZIP, "packed file"),
    ("a formula as a name", "=cmd.pdf", PDF, INERT),
    ("markup as a name", "<b>x.pdf", PDF, INERT),
    ("several dots", "Screenshot 2026-03-05 at 14.30.00.png", png(), INERT),
)
BYTES: tuple[Row, ...] = (
    ("empty", "x.pdf", b"", "is empty"),
    ("PDF that is HTML", "x.pdf", HTML, "name says PDF"),
    ("PDF not at byte 0", "x.pdf", b"\n" + PDF, "name says PDF"),
    ("PDF behind a picture", "x.pdf", b"GIF89a" + PDF, "name says PDF"),
    ("PDF with an archive behind", "x.pdf", PDF + ZIP, "an archive in the file"),
    (
        "PDF whose end is an archive's comment",
        "x.pdf",
        PDF + ZIP[:-2] + len(PDF).to_bytes(2, "little") + PDF,
        "an archive in the",
    ),
    ("PDF with a page behind", "x.pdf", PDF + HTML, "stands behind its end"),
    ("PDF that is cut", "x.pdf", PDF[:-10], "is cut"),
    ("PDF with JavaScript", "x.pdf", PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>"), INERT),
    ("PNG that is a PDF", "x.png", PDF, "name says PNG"),
    ("PNG with an archive behind", "x.png", png() + ZIP, "an archive in the file"),
    ("PNG with an archive inside", "x.png", png(1, 1, chunk(b"prIv", ZIP)), "an archive in the file"),
    ("PNG with a page behind", "x.png", png() + HTML, "PNG picture is damaged"),
    ("PNG with a wrong checksum", "x.png", png()[:-1] + b"\0", "PNG picture is damaged"),
    ("PNG that is cut", "x.png", png()[:-12], "PNG picture is damaged"),
    ("PNG as large as a wall", "x.png", png(100_000, 100_000), "1 to 100000000 pixels"),
    ("PNG with markup in a text", "x.png", png(1, 1, chunk(b"tEXt", b"c\0" + HTML)), INERT),
    ("JPEG that is a GIF", "x.jpg", b"GIF89a" + JPEG, "name says JPEG"),
    ("JPEG with an archive behind", "x.jpg", JPEG + ZIP, "an archive in the file"),
    ("JPEG with a page behind", "x.jpg", JPEG + HTML, "JPEG picture is damaged"),
    ("JPEG with a second picture behind", "x.jpg", JPEG + JPEG, "JPEG picture is damaged"),
    ("JPEG that is cut", "x.jpg", JPEG[:-2], "JPEG picture is damaged"),
    ("JPEG as large as a wall", "x.jpg", JPEG.replace(b"\x08\0\1\0\1", b"\x08\xff\xff\xff\xff"), "pixels"),
    ("text with NUL", "x.csv", b"a,b\0\n", "text in UTF-8"),
    ("text in UTF-16", "x.csv", "a,b\n".encode("utf-16"), "text in UTF-8"),
    ("text in Latin-1", "x.txt", "caf\u00e9 au lait".encode("latin-1"), "text in UTF-8"),
    ("text cut inside a character", "x.txt", "caf\u00e9".encode()[:-1], "text in UTF-8"),
    ("text that steers a terminal", "x.txt", b"\x1b]0;x\x07", "text in UTF-8"),
    ("a page as text", "x.txt", b"\xef\xbb\xbf \n<!DOCTYPE html>", "begins like a page"),
    ("SVG as text", "x.md", b"<svg onload=alert(1)>", "begins like a page"),
    ("a script as text", "x.txt", b"#!/bin/sh\nrm -rf /\n", "begins like a page"),
    ("PDF as text", "x.csv", PDF, "begins like a page"),
    ("a program as text", "x.txt", b"MZ\x90\0\3\0", "begins like a page, a program"),
    ("CSV with formulas", "x.csv", b"=1+1,@SUM(A1)\n", INERT),
)
DOCUMENTS: tuple[Row, ...] = (
    ("an archive as document", "x.docx", ZIP, "do not need|another kind"),
    ("a PDF as document", "x.docx", PDF, "name says DOCX"),
    ("a document as workbook", "x.xlsx", office("docx"), "of another kind"),
    ("a template as document", "x.docx", office(main_type=f"{OFFICE}.wordprocessingml.template.main+xml"), "of another kind"),
    ("a password", "x.docx", b"\xd0\xcf\x11\xe0" + bytes(600), "protected by a password"),
    ("an encrypted part", "x.docx", _encrypted(), "protected by a password"),
    ("a program before the parts", "x.docx", b"MZ" + office(), "begins otherwise"),
    ("a page behind the parts", "x.docx", office() + HTML, "stands before, between or behind"),
    ("two archives", "x.docx", ZIP + office(), "stands before, between or behind"),
    ("a part out of its folder", "x.docx", office(more={"../x.xml": XML}), "stands before, between or behind"),
    ("a part twice", "x.docx", office(more={"WORD/document.xml": XML}), "stands before, between or behind"),
    ("a part that unpacks 200 times", "x.docx", office(more={"word/x.xml": _BOMB}), "unpacks to far more"),
    ("a part that states too little", "x.docx", _lies(), "unpacks to far more"),
    ("many parts", "x.docx", office(more={f"w/{n}.xml": b"" for n in range(5001)}), "too many parts"),
    ("an archive inside", "x.docx", office(more={"word/x.zip": ZIP}), "do not need"),
    ("an archive as a picture", "x.docx", office(more={"word/media/a.png": ZIP}), "where a picture should stand"),
    ("a program as a picture", "x.docx", office(more={"word/media/a.png": b"MZ\x90"}), "where a picture should stand"),
    ("macros", "x.docx", office(more={"word/vbaProject.bin": b"x"}), "holds macros"),
    ("macros of another name", "x.docx", office(more={"word/a.bin": b"x"}), "do not need"),
    ("a type with macros", "x.docx", office(main_type="application/vnd.ms-word.document.macroEnabled.main+xml"), "holds macros"),
    ("a default type with macros", "x.docx",
     office(defaults='<Default Extension="png" ContentType="application/vnd.ms-office.vbaProject"/>'), "holds macros"),
    ("a relationship with macros", "x.docx",
     office(more={_RELS: relations(("http://schemas.microsoft.com/office/2006/relationships/vbaProject", "a.png", False))}),
     "holds macros"),
    ("a macro sheet of 1992", "x.xlsx", office("xlsx", {"xl/macrosheets/sheet1.xml": XML + b"<a/>"}), "holds macros"),
    ("a macro sheet of another name", "x.xlsx", office("xlsx", {"[Content_Types].xml": types(
        ("xl/workbook.xml", f"{OFFICE}.spreadsheetml.sheet.main+xml"), ("xl/a.xml", "application/vnd.ms-excel.macrosheet+xml")
     )}), "holds macros"),
    ("a control", "x.docx", office(more={"word/activeX/activeX1.xml": XML + b"<a/>"}), "object or a control"),
    ("an embedded object", "x.docx", office(more={"word/embeddings/oleObject1.bin": b"x"}), "object or a control"),
    ("an embedded workbook", "x.pptx", office("pptx", {"ppt/embeddings/a.xlsx": office("xlsx")}), "object or a control"),
    ("an embedded page", "x.docx",
     office(more={_RELS: relations((f"{RELATION}/aFChunk", "a.xml", False))}), "object or a control"),
    ("entities", "x.docx", office(more={"word/x.xml": _ENTITIES}), "declares entities"),
    ("entities in UTF-16", "x.docx", office(more={"word/x.xml": _ENTITIES.decode().encode("utf-16")}), "declares entities"),
    ("entities across two blocks", "x.docx",
     office(more={"word/x.xml": b"<!--" + b"%d" * 32765 + _ENTITIES}), "declares entities"),
    ("entities in UTF-7", "x.docx",
     office(more={"word/x.xml": b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-'}), "unusual encoding"),
    ("entities in what is declared", "x.docx", office(more={_RELS: _ENTITIES}), "declares entities"),
    ("what is declared, very deep", "x.docx", office(more={_RELS: b"<a>" * 90 + b"</a>" * 90}), "can not be read"),
    ("what is declared, no XML", "x.docx", office(more={_RELS: b"<a"}), "can not be read"),
    ("XML that is called a picture", "x.docx",
     office(defaults='<Default Extension="png" ContentType="application/x+xml"/>'), "can not be read"),
    ("a template from outside", "x.docx", _outside("attachedTemplate", "https://e.example/t.dotm"), "from outside"),
    ("a template from a share", "x.docx", _outside("attachedTemplate", "file:///\\\\e.example\\t.dotm"), "from outside"),
    ("a picture from outside", "x.docx", _outside("image", "https://e.example/i.png"), "from outside"),
    ("a workbook from outside", "x.xlsx", office("xlsx", {"xl/externalLinks/externalLink1.xml": XML + b"<a/>"}), "from outside"),
    ("settings of a printer, by their type", "x.xlsx", office("xlsx", defaults=_PRINTER), INERT),
    ("entities in the core properties", "x.docx", office(more={"package/core.psmdcp": _ENTITIES}), "declares entities"),
    ("a part that fills its blocks exactly", "x.docx", office(more={"word/x.xml": XML + b" " * (3 * 65536 - len(XML))}), INERT),
    ("a template on the own disk", "x.docx", _outside("attachedTemplate", "file:///C:\\t.dotx"), INERT),
    ("a hyperlink", "x.docx", _outside("hyperlink", "https://e.example/"), INERT),
    ("a field that would start a program", "x.docx",
     office(more={"word/x.xml": XML + b"<instrText>DDEAUTO c:</instrText>"}), INERT),
)  # fmt: skip
ATTACKS = (*NAMES, *BYTES, *DOCUMENTS)
