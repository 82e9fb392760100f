# SPDX-License-Identifier: Apache-2.0
"""Takes a file that somebody gives: spools it within a bound, hashes it on the way, and holds its bytes against its name.

The name and the bytes are all that is looked at; what a browser or Slack says of type and size is not.

Refused, with a sentence for the person and nothing left on the disk:

- more bytes than the field takes: reading stops at the first block beyond; an empty file;
- a name that is a path, a device, too long, invisible in part, or that hides the end of another (`file_names`);
- an end of a name that the field does not take, and bytes that are not what the name says;
- a file that is two at once: a PDF that does not begin at its first byte, anything behind a PDF, PNG or JPEG, an archive
  that a reader of archives would find in them (`file_bytes`), bytes before, between or behind the parts of a document;
- pages that a browser would run (HTML, SVG, XML), scripts and programs, packed files, old Office formats;
- documents with macros, controls, embedded objects or files, entities, anything fetched when they are opened, a password, or
  that unpack to far more than they are (`office`).

Taken, and inert, because it is stored as bytes that nothing here opens, renders or runs: formulas in CSV and XLSX, fields and
hyperlinks in documents, JavaScript, attachments and passwords in a PDF, markup inside a picture's comments or further down in
a text. Whoever serves such a file again does it with ``Content-Disposition: attachment``, the media type of `Upload`,
``X-Content-Type-Options: nosniff``, and from no page that shows it. It is no scan for malware: a program that opens the file
has to be up to date.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tieout.confirmations.file_bytes import check_jpeg, check_pdf, check_png, check_text, refuse_archive_behind
from tieout.confirmations.file_names import checked_name
from tieout.confirmations.office import check_office
from tieout.criteria.form_fields import FileField, FileKind
from tieout.errors import UploadRefused

_OFFICE = "application/vnd.openxmlformats-officedocument"
MEDIA_TYPES: dict[FileKind, str] = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "csv": "text/csv; charset=utf-8",
    "text": "text/plain; charset=utf-8",
    "markdown": "text/markdown; charset=utf-8",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "pptx": f"{_OFFICE}.presentationml.presentation",
}
_CHECKS: dict[FileKind, Callable[[Path], None]] = {
    "pdf": check_pdf,
    "png": check_png,
    "jpeg": check_jpeg,
    "csv": check_text,
    "text": check_text,
    "markdown": check_text,
    "docx": partial(check_office, kind="docx"),
    "xlsx": partial(check_office, kind="xlsx"),
    "pptx": partial(check_office, kind="pptx"),
}
_PACKED: Collection[FileKind] = ("docx", "xlsx", "pptx")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was found to be what its name says.

    Attributes:
        name: To show and to save under. It is personal data: not for logs.
        kind: What it is.
        media_type: To serve it with.
        bytes: Its size.
        sha256: Of its bytes, in hexadecimal.
        path: The spooled file, which belongs to whoever asked for it.
    """

    name: str
    kind: FileKind
    media_type: str
    bytes: int
    sha256: str
    path: Path


def receive(chunks: Iterable[bytes], claimed_name: str, field: FileField, folder: Path) -> Upload:
    """Spool a file and check it; see the module's docstring for what is refused.

    Disk holds at most ``field.most_bytes`` of it and memory a chunk, however long the stream is. The file is readable by its
    owner alone.

    Args:
        chunks: The bytes as they come. Nothing is taken from it after the first chunk beyond the bound.
        claimed_name: The name as it came.
        field: What the form takes.
        folder: Where the file is spooled; it exists.

    Raises:
        UploadRefused: With a sentence for the person, which does not repeat the name. Nothing of the file is left, neither
            then nor after any other error, such as one of the stream.
    """
    name, kind = checked_name(claimed_name)
    if kind not in field.kinds:
        msg = f"Expected a file of kind {', '.join(field.kinds)} here, got one of kind {kind}."
        raise UploadRefused(msg)
    handle, spooled = tempfile.mkstemp(dir=folder, prefix="upload-")
    path = Path(spooled)
    try:
        size, sha256 = _spool(chunks, handle, field.most_bytes)
        if kind not in _PACKED:
            refuse_archive_behind(path)
        _CHECKS[kind](path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Upload(name, kind, MEDIA_TYPES[kind], size, sha256, path)


def _spool(chunks: Iterable[bytes], handle: int, most: int) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with os.fdopen(handle, "wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > most:
                msg = f"Expected a file of at most {most} bytes, got more. Make it smaller, or give a link to it."
                raise UploadRefused(msg)
            digest.update(chunk)
            file.write(chunk)
    if not size:
        msg = "The file is empty."
        raise UploadRefused(msg)
    return size, digest.hexdigest()
