# SPDX-License-Identifier: Apache-2.0
"""Names of files that people give: what kind they state, and whether they can stand in a list and on a disk.

A name is personal data: no message here repeats it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NoReturn

from tieout.criteria.form_fields import FileKind
from tieout.errors import UploadRefused

LONGEST_NAME = 200
"""Bytes of UTF-8. File systems take 255; what stores the file may put something before it."""

KIND_OF: dict[str, FileKind] = {
    "pdf": "pdf",
    "png": "png",
    "jpg": "jpeg",
    "jpeg": "jpeg",
    "csv": "csv",
    "txt": "text",
    "md": "markdown",
    "markdown": "markdown",
    "docx": "docx",
    "xlsx": "xlsx",
    "pptx": "pptx",
}
"""Kind of a file by the end of its name, in lower case."""
_MACROS = dict.fromkeys(("docm", "dotm", "xlsm", "xltm", "xlam", "xlsb", "pptm", "potm", "ppsm"), "macros")
_OLD = dict.fromkeys(("doc", "xls", "ppt", "rtf"), "old")
_PAGES = dict.fromkeys(("html", "htm", "xhtml", "svg", "svgz", "xml", "mht", "mhtml"), "page")
_PACKED = dict.fromkeys(("zip", "7z", "rar", "gz", "tar", "tgz", "xz", "bz2", "iso", "zst"), "packed")
_PHOTOS = dict.fromkeys(("heic", "heif", "webp", "gif", "bmp", "tif", "tiff", "avif"), "picture")
_CURES = {
    "macros": "It can hold macros, and such files are not taken. Save it without them, as DOCX, XLSX or PPTX, or as PDF.",
    "old": "It is in an old Office format. Save it as DOCX, XLSX or PPTX, or as PDF.",
    "page": "It is a page that a browser would run. Print it to PDF.",
    "packed": "It is a packed file. Give the files in it one by one.",
    "picture": "It is a picture of another kind. Save it as PNG or JPEG.",
}
_RUNS = frozenset(
    {
        "exe", "scr", "bat", "cmd", "vbs", "vbe", "js", "jse", "wsf", "wsh", "ps1", "psm1", "hta", "msi", "msp", "jar", "lnk",
        "pif", "cpl", "dll", "reg", "sh", "app", "dmg", "pkg", "url", "html", "htm", "svg",
    }
)  # fmt: skip
"""What may not stand before the last dot: some programs hide the end of a name."""
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)
"""Devices of Windows, whatever end they have."""
_NOT_IN_NAMES = str.maketrans(dict.fromkeys('<>"|?*', "_"))


def checked_name(claimed: str) -> tuple[str, FileKind]:
    """Return a name that is safe to show and to save under, and the kind of file that its end states.

    Letters of all scripts stay, in Unicode's composed form; ``< > " | ? *`` become ``_``.

    Args:
        claimed: The name as it came.

    Raises:
        UploadRefused: It is a path or a device's name, is too long, holds control, invisible or direction-turning characters,
            hides the end of another name, or its end states no kind that is taken.
    """
    name = unicodedata.normalize("NFC", claimed)
    stem, dot, end = name.rpartition(".")
    _refuse_unsafe(name)
    if _RESERVED.fullmatch(name.split(".")[0].strip()):
        _refuse("The file has the name of a device. Rename it.")
    kind = KIND_OF.get(end.lower()) if dot else None
    if kind is None:
        known = {**_MACROS, **_OLD, **_PAGES, **_PACKED, **_PHOTOS}.get(end.lower(), "")
        _refuse(_CURES.get(known, f"Expected a file whose name ends in {', '.join(f'.{each}' for each in KIND_OF)}."))
    if name.startswith(".") or not any(map(str.isalnum, stem)):
        _refuse("Expected a file name with a letter or a digit that does not start with a dot. Rename the file.")
    if _RUNS & {part.strip().lower() for part in stem.split(".")[1:]}:
        _refuse("The file's name has two ends, and the first is that of a program or a page. Rename it, if it is a document.")
    return name.translate(_NOT_IN_NAMES), kind


def _refuse_unsafe(name: str) -> None:
    if not name.strip():
        _refuse("The file has no name.")
    if any(unicodedata.category(each) in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp") for each in name):
        _refuse("The file's name holds a character that can not be seen or turns the direction of writing. Rename it.")
    if len(name.encode()) > LONGEST_NAME:
        _refuse(f"The file's name is too long: expected at most {LONGEST_NAME} bytes. Rename it.")
    if re.search(r"[/\\:]", name):
        _refuse("The file's name is a path. Give the name alone, without '/', '\\' and ':'.")


def _refuse(message: str) -> NoReturn:
    raise UploadRefused(message)
