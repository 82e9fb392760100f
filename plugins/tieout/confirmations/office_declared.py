# SPDX-License-Identifier: Apache-2.0
"""What a DOCX, XLSX or PPTX declares: the types of its parts, and how they belong together (ISO/IEC 29500-2, Open Packaging)."""

from __future__ import annotations

import re
from typing import NoReturn
from xml.parsers import expat

from tieout.criteria.form_fields import FileKind
from tieout.errors import UploadRefused

MOST_DECLARED = 4 * 1024 * 1024
"""Bytes of one list of types or relationships."""
_DEEPEST = 4
"""Levels of such a list; they have two."""
_MAIN = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
}
_MACROS = re.compile(r"macro|vba|dialogsheet|attachedtoolbars")
_OBJECTS = re.compile(r"activex|oleobject|embeddings/|/control$|/package$|afchunk|webextension|taskpane")
_OUTSIDE = re.compile(r"externallink|ddelink")
_LOCAL_TEMPLATE = re.compile(r"(file:///)?[a-z]:[/\\][^/\\].*", re.IGNORECASE)
"""What a company's own template leaves in each document made from it; a disk's path fetches nothing."""
XML_ENDS = (".xml", ".rels", ".vml", ".svg", ".psmdcp")
"""Ends of the names of parts that are XML."""


def refuse_active(text: str) -> None:
    """Check that the name of a part, of a type or of a relationship, in lower case, is none of what can act.

    Raises:
        UploadRefused: It is one of macros, of an embedded object or control, or of a source outside.
    """
    if _MACROS.search(text):
        _refuse("The document holds macros. Save it without them, or as PDF.")
    if _OBJECTS.search(text):
        _refuse("The document holds another file, an object or a control. Take it out, or save the document as PDF.")
    if _OUTSIDE.search(text):
        _refuse_outside()


class Declared:
    """Reads the lists of one document with `read`, in any order; then `judge` says whether they make the kind it is to be."""

    def __init__(self, kind: FileKind) -> None:
        self._main = _MAIN[kind]
        self._kind = kind
        self._types: dict[str, str] = {}
        self._targets: list[str] = []

    def read(self, name: str, data: bytes) -> None:
        """Read a list, whose bytes are at most `MOST_DECLARED` and declare no document type.

        Raises:
            UploadRefused: It is no XML, or names something that can act or that stands outside.
        """
        depth = 0

        def start(tag: str, said: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            if depth > _DEEPEST:
                _refuse_damaged()
            local = tag.rpartition(" ")[2]
            if local == "Relationship":
                self._relate(name, said)
            elif local in ("Default", "Override"):
                self._type(local, said)

        def end(_tag: str) -> None:
            nonlocal depth
            depth -= 1

        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler, parser.EndElementHandler = start, end
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, ValueError, LookupError):
            _refuse_damaged()

    def _type(self, local: str, said: dict[str, str]) -> None:
        kind = said.get("ContentType", "").lower()
        name = f".{said.get('Extension', '')}" if local == "Default" else said.get("PartName", "")
        refuse_active(kind)
        if kind.endswith("xml") and not name.lower().endswith(XML_ENDS):  # what is read as XML was looked at as XML
            _refuse_damaged()
        if local == "Override":
            self._types[name.lower().lstrip("/")] = kind

    def _relate(self, part: str, said: dict[str, str]) -> None:
        kind, target = said.get("Type", "").lower(), said.get("Target", "")
        refuse_active(kind)
        if said.get("TargetMode", "Internal").lower() != "internal":
            template = kind.endswith("/attachedtemplate") and _LOCAL_TEMPLATE.fullmatch(target)
            if not kind.endswith("/hyperlink") and not template:
                _refuse_outside()
        elif part == "_rels/.rels" and kind.endswith("/officedocument"):
            self._targets.append(target.lower().lstrip("/"))

    def judge(self, names: set[str]) -> None:
        """Check that the document has one main part, of its kind, among the names of its parts in lower case.

        Raises:
            UploadRefused: It has not.
        """
        main = self._targets[0] if len(self._targets) == 1 else ""
        if main not in names or self._types.get(main) != self._main:
            _refuse(f"The name says {self._kind.upper()}, and the document is of another kind. Save it as {self._kind.upper()}.")


def _refuse_outside() -> NoReturn:
    _refuse("The document takes something from outside when it is opened. Break its links, or save it as PDF.")


def _refuse_damaged() -> NoReturn:
    _refuse("The document is damaged: what it says of its parts can not be read. Open it and save it again.")


def _refuse(message: str) -> NoReturn:
    raise UploadRefused(message)
