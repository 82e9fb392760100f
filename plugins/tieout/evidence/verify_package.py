# SPDX-License-Identifier: Apache-2.0
"""Check a copy of an evidence bucket, a folder or a ZIP archive of one: is it what was signed?

    python verify_package.py COPY --root FINGERPRINT [--head SHA256] [--json]
    python verify_package.py PACKAGE.zip PACKAGE.2.zip --root FINGERPRINT --head SHA256 [--by-reference]

One file: Python 3.9 or newer and ``cryptography``. Nothing of Tieout runs: it is written apart from ``tieout verify``, so that
two programs have to agree. Take it from a release, never from the copy that it checks, and the root's fingerprint from
whoever gave it to you outside the bucket.

Four outcomes: **intact**, **tampered**, **missing**, **cannot check**. It speaks of integrity, never of completeness or
effectiveness. Exit code 0: there is something, and all of it is intact; 1: otherwise; 2: called wrongly. Steps:

1. Trust: every edition of the key list is signed by the root whose fingerprint was given. Without it nothing can be checked.
2. Chain: the digests run without a gap from the one that the key list names, each signed, bound to its key, and naming the
   hash of the one before. The last reaches ``min(now - 2 cadences, period end)``; the announced one (``--head``) is among them.
3. Manifests, records, responses: each is signed by a key that may sign such a document, when it says and when the store
   received it, and stands where it was signed for. No response came after the final digest of its period.
4. Bytes: each object that they name is there, with the bytes that were signed, in the version that the digests name.
5. Custody: versions and locks are not checked in a copy; the lock that a document asks for is within reason.
6. Succession: what a landing supersedes is there as it was; of each slot and system one landing stands.
7. Coverage: all that a digest names is there and unchanged, and nothing shadowed it; nothing stands in the copy that no
   manifest, record or digest answers for; no document is older than the digest that should have named it.
8. Index: not checked here, for it is Parquet; its bytes are held against the digests, like everything else (step 7).

A package (`tieout package`) is a copy of a part of a bucket, under ``bucket/``, beside pages and tables that were made of it.
Objects of other observation periods than its own are not missed in it; objects that it only names are, unless
``--by-reference`` says that this is known. Its digest is old where its period was not over: with ``--head``, that of the digest
it was made of, this is no finding. Pages and tables are held against ``contents.json``, which nobody signed: what they say
follows from what is signed.
"""

from __future__ import annotations

import argparse
import base64
import errno
import hashlib
import json
import os
import re
import stat
import struct
import sys
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

INTACT, TAMPERED, MISSING, CANNOT_CHECK = "intact", "tampered", "missing", "cannot check"
WORST_FIRST = (TAMPERED, MISSING, CANNOT_CHECK, INTACT)
UTC = timezone.utc  # noqa: UP017 - the other name is younger than Python 3.9
Json = dict[str, Any]
Version = tuple[str, str]
"""Key and VersionId: what makes it one object."""

MAX_DOCUMENT = 16 * 2**20
"""A signed document is at most so large; a larger one is refused before it is parsed."""
MAX_DIGITS = 4300
"""Digits of a number: what Python itself refuses since 3.11."""
CLOCK_TOLERANCE = timedelta(hours=1)
LONGEST_RETENTION = timedelta(days=366 * 40)

CONTENTS, BUCKET = "contents.json", "bucket/"
"""Of a package: the list of its pages and tables, and the folder of the copy."""

_SLOT = r"observation_period=[^/]+/control=[^/]+"
LAYOUT = (
    ("part", rf"evidence/[^/]+/{_SLOT}/window=[^/]+/[^/]+-\d{{5}}\.parquet"),
    ("raw page", rf"raw/{_SLOT}/[^/]+/page-\d{{5}}\.[^/]+"),
    ("record", rf"manifests/{_SLOT}/window=[^/]+/[^/]+\.record\.dsse\.json"),
    ("manifest", rf"manifests/{_SLOT}/window=[^/]+/[^/]+\.dsse\.json"),
    ("presented", rf"responses/{_SLOT}/[^/]+/[^/]+/presented-[0-9a-f]{{64}}\.json"),
    ("file", rf"responses/{_SLOT}/[^/]+/[^/]+/file-[0-9a-f]{{64}}"),
    ("response", rf"responses/{_SLOT}/[^/]+/[^/]+/[^/]+\.dsse\.json"),
    ("digest", r"digests/\d{12}\.dsse\.json"),
    ("time stamp", r"digests/\d{12}\.tsr"),
    ("index", r"index/observation_period=[^/]+/\d{12}\.parquet"),
    ("key list", r"keys/root(-\d{6})?\.dsse\.json"),
    ("catalog", r"catalog/[^/]+/[^/]+/.+"),
    ("documentation", r"README\.md|LAYOUT\.json"),
)
"""What an object is, by the regular expression that its whole key matches; the first that fits."""


class Kind(NamedTuple):
    """A kind of signed document: what it says it is, who may sign it, and the field that says when that was."""

    payload_type: str
    schema: str
    scope: str = ""
    signed_at: tuple[str, ...] = ()


KEY_LIST = Kind("application/vnd.tieout.key-list+json", "key_list.v1")
DIGEST = Kind("application/vnd.tieout.digest+json", "digest.v1", "digest", ("to",))
MANIFEST = Kind("application/vnd.in-toto+json", "landing_manifest.v1", "landing", ("predicate", "times", "landed_at", "at"))
RECORD = Kind("application/vnd.tieout.record+json", "record.v1", "landing", ("recorded_at", "at"))
RESPONSE = Kind("application/vnd.tieout.response+json", "response.v1", "response", ("stored_at", "at"))


class Finding(Exception):
    """One thing that is not as it was signed."""

    def __init__(self, outcome: str, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


def kind_of(key: str) -> str:
    """Return what stands under a key; ``unknown`` for one that the layout does not have."""
    return next((kind for kind, pattern in LAYOUT if re.fullmatch(pattern, key, re.ASCII)), "unknown")


def worst(outcomes: Iterable[str], nothing: str = INTACT) -> str:
    """Return the worst of several outcomes."""
    return min(outcomes, key=WORST_FIRST.index, default=nothing)


def printable(text: str) -> str:
    """Return a text as plain ASCII, all else written out: a name in a hostile copy must not steer a terminal."""
    return "".join(character if " " <= character <= "~" else ascii(character)[1:-1] for character in text)


# ---- Reading: a folder, or an archive whose members are read in place ------------------------------------------------------


class Copy:
    """A copy of a bucket: its keys, what is odd about it, and each object, which is hashed once. This one holds nothing."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.odd: list[tuple[str, Finding]] = []
        self._hashes: dict[str, str] = {}

    def open(self, key: str) -> IO[bytes] | None:  # noqa: ARG002
        """Open an object, or return ``None`` if it is not there."""
        return None

    def read(self, key: str) -> bytes:
        """Return a document's bytes."""
        with _reading(key):
            file = self.open(key)
            if file is None:
                raise Finding(MISSING, f"{key}: it is listed and not there")
            with file:
                data = file.read(MAX_DOCUMENT + 1)
        if len(data) > MAX_DOCUMENT:
            raise Finding(CANNOT_CHECK, f"{key}: expected a document of at most {MAX_DOCUMENT} bytes")
        self._hashes[key] = hashlib.sha256(data).hexdigest()
        return data

    def sha256(self, key: str) -> str | None:
        """Return the hash of an object's bytes, in hexadecimal; ``None`` if it is not there."""
        if key not in self._hashes:
            with _reading(key):
                file = self.open(key)
                if file is None:
                    return None
                whole = hashlib.sha256()
                with file:
                    while piece := file.read(2**20):
                        whole.update(piece)
                self._hashes[key] = whole.hexdigest()
        return self._hashes[key]


@contextmanager
def _reading(key: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, RuntimeError, ValueError, struct.error, zipfile.BadZipFile, zlib.error) as error:
        raise Finding(CANNOT_CHECK, f"{key}: it can not be read ({type(error).__name__}: {error})") from error


class Folder(Copy):
    """A folder with keys as paths. Neither a link nor a key with ``..`` leads out of it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder.resolve()
        for top, folders, files in os.walk(self._folder, onerror=self._unlisted):
            for path in (Path(top, name) for name in (*folders, *files)):
                key = path.relative_to(self._folder).as_posix()
                if path.is_symlink() and path.is_dir():
                    reason = f"{key}: a link to a folder: nobody answers for what other programs read through it"
                    self.odd.append((key, Finding(TAMPERED, reason)))
                elif path.is_file():
                    self.keys.append(key)
        self.keys.sort()

    def _unlisted(self, error: OSError) -> None:
        key = Path(error.filename).relative_to(self._folder).as_posix()
        self.odd.append((key, Finding(CANNOT_CHECK, f"{key}: the folder can not be listed ({error.strerror})")))

    def open(self, key: str) -> IO[bytes] | None:
        """Open a file, or return ``None`` if there is none inside the folder."""
        try:
            path = (self._folder / key).resolve()
            inside = self._folder in path.parents and stat.S_ISREG(path.stat().st_mode)
            return path.open("rb") if inside else None
        except (OSError, RuntimeError) as error:  # the latter: a link to itself, before Python 3.13
            if isinstance(error, OSError) and error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                raise
            return None


class Archive(Copy):
    """A ZIP archive. One that two readers could understand in two ways is refused, and so is a bomb.

    Read: stored and deflated members, ZIP64. Refused: bytes before, between or behind members and directory, a comment, several
    disks; a member whose own header differs from the directory; a name twice, or two that differ only in case or Unicode form;
    absolute names, ``..``, backslashes; links; encryption; more than 1,000,000 members, 256 MiB of directory, 4 GiB of one
    member, and 200 times its packed size beyond 1 MiB.
    """

    MAX_MEMBERS, MAX_DIRECTORY, MAX_MEMBER, MAX_RATIO, FREE = 1_000_000, 256 * 2**20, 4 * 2**30, 200, 2**20

    def __init__(self, path: Path) -> None:
        super().__init__()
        with _reading("the archive"), path.open("rb") as file:
            count, start = self._end(file)
            self._zip = zipfile.ZipFile(path)
            members = self._zip.infolist()
            if len(members) != count or self._zip.start_dir != start:
                _refuse("its directory does not hold what its end says")
            for member in members:
                self._check_member(member)
            self._check_names([member.orig_filename for member in members])
            self._check_local_headers(file, members, start)
        self._members = {member.orig_filename: member for member in members if not member.is_dir()}
        self.keys = sorted(self._members)

    def open(self, key: str) -> IO[bytes] | None:
        """Open a member, or return ``None`` if there is none of this name."""
        return self._zip.open(self._members[key]) if key in self._members else None

    def _end(self, file: IO[bytes]) -> tuple[int, int]:
        """Return how many members the archive's last bytes announce, and where the directory starts."""
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 98))
        tail = file.read().rjust(98, b"\0")
        at, locator, end = size - 22, tail[56:76], tail[76:]
        if end[:4] != b"PK\5\6" or end[20:] != b"\0\0":
            _refuse("it does not end with its directory: no ZIP archive, or one with a comment or more behind it")
        disk, first_disk, here, count, length, start = struct.unpack("<4H2L", end[4:20])
        if locator[:4] == b"PK\6\7":  # ZIP64: the larger record has to stand right here, and say the same
            at = size - 98
            magic, rest, disk, first_disk, here, wide, length64, start64 = struct.unpack("<4sQ4x2L4Q", tail[:56])
            pairs = ((count, wide, 0xFFFF), (length, length64, 0xFFFFFFFF), (start, start64, 0xFFFFFFFF))
            agreed = all(narrow in (full, limit) for narrow, full, limit in pairs)
            if (magic, rest) != (b"PK\6\6", 44) or struct.unpack("<LQL", locator[4:]) != (0, at, 1) or not agreed:
                _refuse("its two ends disagree")
            count, length, start = wide, length64, start64
        if disk or first_disk or here != count or start + length != at:
            _refuse("its directory does not stand right before its end")
        if count > self.MAX_MEMBERS or length > self.MAX_DIRECTORY:
            _refuse(f"{count} members, {length} bytes of directory: too large")
        return count, start

    def _check_member(self, member: zipfile.ZipInfo) -> None:
        name, mode = member.orig_filename, stat.S_IFMT(member.external_attr >> 16)
        steps = name[: -1 if name.endswith("/") else None].split("/")
        kind = stat.S_IFDIR if member.is_dir() else stat.S_IFREG
        limit = min(self.MAX_MEMBER, max(self.FREE, self.MAX_RATIO * member.compress_size))
        refused = {
            "its name is not one of an object": name != member.filename or "\\" in name or {"", ".", ".."} & {*steps},
            "its name is absolute": re.match(r"[A-Za-z]:", name),
            "it does not tell the encoding of its name": not name.isascii() and not member.flag_bits & 0x800,
            "it has a second name": 0x7075 in dict(_extra_fields(member.extra)),
            "it is encrypted": member.flag_bits & 0x2041,
            "it is packed in a way not known here": member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED),
            "it is a link or a device": mode not in (0, kind),
            "it is a folder and has bytes": member.is_dir() and member.file_size,
            f"it unpacks to more than {limit} bytes": member.file_size > limit,
        }
        for reason in (reason for reason, applies in refused.items() if applies):
            _refuse(f"{name}: {reason}")

    @staticmethod
    def _check_names(names: list[str]) -> None:
        folded = [unicodedata.normalize("NFKC", name).casefold() for name in names]
        files = {name for name in folded if not name.endswith("/")}
        if len({name.rstrip("/") for name in folded}) != len(names):
            _refuse("it holds a name twice, or two that differ only in case or Unicode form")
        for name in folded:
            steps = name.rstrip("/").split("/")
            if any("/".join(steps[:depth]) in files for depth in range(1, len(steps))):
                _refuse(f"{name}: it stands inside a file")

    @staticmethod
    def _check_local_headers(file: IO[bytes], members: list[zipfile.ZipInfo], start: int) -> None:
        """Walk from the first byte to the directory: member after member, each as the directory says, and nothing between."""
        ordered, at = sorted(members, key=lambda member: member.header_offset), 0
        for member, following in zip(ordered, [*(entry.header_offset for entry in ordered[1:]), start]):  # noqa: B905
            file.seek(at)
            header = struct.unpack("<4s2x2H4x3L2H", file.read(30).ljust(30, b"\0"))
            name, extra = file.read(header[-2]), dict(_extra_fields(file.read(header[-1])))
            says, sizes = (member.CRC, member.compress_size, member.file_size), header[3:6]
            if sizes[1] == sizes[2] == 0xFFFFFFFF and len(extra.get(1, b"")) == 16:
                sizes = (sizes[0], *struct.unpack("<2Q", extra[1])[::-1])
            later = bool(member.flag_bits & 8)  # checksum and sizes stand behind the data
            known = (b"PK\3\4", member.flag_bits, member.compress_type)
            if member.header_offset != at or header[:3] != known or name != member.orig_filename.encode() or 0x7075 in extra:
                _refuse(f"{member.orig_filename}: its own header is not what the directory says, or not where")
            if sizes != says and not (later and sizes == (0, 0, 0)):
                _refuse(f"{member.orig_filename}: its own header tells other sizes than the directory")
            at += 30 + sum(header[-2:]) + member.compress_size
            file.seek(at)
            forms = ("<4s3L", "<4sL2Q") if max(says) < 2**32 else ("<4sL2Q",)
            behind = [struct.pack(form, b"PK\7\x08", *says) for form in forms if later]
            if following != at and not (following - at in (16, 24) and file.read(following - at) in behind):
                _refuse(f"{member.orig_filename}: bytes stand behind it that belong to no member")
            at = following
        if at != start:
            _refuse("bytes stand before its directory")


class Several(Copy):
    """Copies that make one together: the archives of a package."""

    def __init__(self, copies: list[Copy]) -> None:
        super().__init__()
        self._of: dict[str, Copy] = {}
        for copy in copies:
            for key in copy.keys:
                if key in self._of:
                    _refuse(f"{key}: two of the archives hold it")
                self._of[key] = copy
            self.odd += copy.odd
        self.keys = sorted(self._of)

    def open(self, key: str) -> IO[bytes] | None:
        """Open an object of whichever holds it."""
        return self._of[key].open(key) if key in self._of else None


class Part(Copy):
    """What a copy holds under a folder."""

    def __init__(self, copy: Copy, folder: str) -> None:
        super().__init__()
        self._copy, self._folder = copy, folder
        self.keys = [key[len(folder) :] for key in copy.keys if key.startswith(folder)]
        self.odd = [(key[len(folder) :], finding) for key, finding in copy.odd if key.startswith(folder)]

    def open(self, key: str) -> IO[bytes] | None:
        """Open an object of the folder."""
        return self._copy.open(self._folder + key)


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    while len(extra) >= 4:
        name, length = struct.unpack("<2H", extra[:4])
        yield name, extra[4 : 4 + length]
        extra = extra[4 + length :]


def _refuse(reason: str) -> NoReturn:
    raise Finding(CANNOT_CHECK, f"the archive is refused: {reason}")


# ---- Documents: JSON, its schema, the envelope around it, the keys ---------------------------------------------------------


def parse(data: bytes, what: str) -> Json:
    """Parse one JSON object. Refused: a field twice, NaN, infinity, half a surrogate pair, too large a number or nesting."""

    def once(pairs: list[tuple[str, Any]]) -> Json:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError("an object holds a field twice")
        return dict(pairs)

    def integer(text: str) -> int:
        if len(text) > MAX_DIGITS:
            raise ValueError("a number is too long")
        return int(text)

    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=once, parse_int=integer)
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise Finding(CANNOT_CHECK, f"{what}: malformed: {str(error)[:200]}") from error
    if not isinstance(document, dict):
        raise Finding(CANNOT_CHECK, f"{what}: malformed: no JSON object")
    return document


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_type(value: object, names: Any) -> bool:
    types: dict[str, Callable[[Any], bool]] = {
        "null": lambda value: value is None,
        "boolean": lambda value: isinstance(value, bool),
        "string": lambda value: isinstance(value, str),
        "array": lambda value: isinstance(value, list),
        "object": lambda value: isinstance(value, dict),
        "integer": lambda value: _is_number(value) and value == int(value),
    }
    return any(types[name](value) for name in ([names] if isinstance(names, str) else names))


RULES: dict[str, Callable[[Any, Any], bool]] = {
    "type": _is_type,
    "const": lambda value, wanted: value == wanted and isinstance(value, bool) == isinstance(wanted, bool),
    "enum": lambda value, wanted: isinstance(value, str) and value in wanted,
    "required": lambda value, names: not isinstance(value, dict) or all(name in value for name in names),
    "minItems": lambda value, limit: not isinstance(value, list) or len(value) >= limit,
    "maxItems": lambda value, limit: not isinstance(value, list) or len(value) <= limit,
    "minLength": lambda value, limit: not isinstance(value, str) or len(value) >= limit,
    "maxLength": lambda value, limit: not isinstance(value, str) or len(value) <= limit,
    # JSON Schema's regular expressions are those of ECMAScript: $ is the very end, and \d has ten digits.
    "pattern": lambda value, form: not isinstance(value, str) or bool(re.search(form.replace("$", r"\Z"), value, re.ASCII)),
    "minimum": lambda value, limit: not _is_number(value) or value >= limit,
    "maximum": lambda value, limit: not _is_number(value) or value <= limit,
}
NESTED = ("$ref", "properties", "additionalProperties", "items", "oneOf", "not")
NOTES = ("$schema", "$id", "title", "$defs")


@cache
def schema(name: str) -> Json:
    """Return a published schema, if this program knows every keyword in it."""
    whole: Json = json.loads(SCHEMAS)[name]

    def check(part: Json) -> None:
        unknown = part.keys() - {*RULES, *NESTED, *NOTES}
        if (
            unknown
            or part.get("additionalProperties", False) is not False
            or not part.get("$ref", "#/$defs/").startswith("#/$defs/")
        ):
            raise ValueError(f"schema {name}: this program does not know {sorted(unknown) or 'its reference'}")
        inner = [*part.get("properties", {}).values(), *part.get("$defs", {}).values(), *part.get("oneOf", ())]
        for deeper in (*inner, *(part[name] for name in ("items", "not") if name in part)):
            check(deeper)

    check(whole)
    return whole


def misfits(value: Any, rules: Json, whole: Json, at: str = "") -> Iterator[str]:
    """Name each place where a value does not follow a schema."""
    for name, argument in rules.items():
        if name in NESTED:
            yield from _misfits_inside(name, value, rules, whole, at)
        elif name in RULES and not RULES[name](value, argument):
            yield f"{at or '/'} breaks {name}"


def _misfits_inside(name: str, value: Any, rules: Json, whole: Json, at: str) -> Iterator[str]:
    argument = rules[name]
    if name == "$ref":
        yield from misfits(value, whole["$defs"][argument[len("#/$defs/") :]], whole, at)
    elif name == "oneOf":
        if sum(next(misfits(value, option, whole), None) is None for option in argument) != 1:
            yield f"{at or '/'} is none of what it may be"
    elif name == "not":
        if next(misfits(value, argument, whole), None) is None:
            yield f"{at or '/'} is what it may not be"
    elif name == "items" and isinstance(value, list):
        for number, entry in enumerate(value):
            yield from misfits(entry, argument, whole, f"{at}/{number}")
    elif isinstance(value, dict):
        known = rules.get("properties", {})
        for inner in value.keys() & known.keys() if name == "properties" else ():
            yield from misfits(value[inner], known[inner], whole, f"{at}/{inner}")
        yield from (f"{at}/{inner} is unknown" for inner in value.keys() - known.keys() if name == "additionalProperties")


def when(text: str, what: str) -> datetime:
    """Return the instant that a text states; the schema has seen to its form already, and not to whether there is such a day."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise Finding(CANNOT_CHECK, f"{what}: malformed: there is no {text}") from error


def _files_of(answer: Json, key: str) -> Iterator[tuple[str, str]]:
    """Yield SHA-256 and version of each file that an answer rests on; they stand beside it."""
    listed = answer.get("files", [])
    for each in listed if isinstance(listed, list) else [None]:
        said = [each.get(name) if isinstance(each, dict) else None for name in ("sha256", "version_id")]
        sha256, version_id = (value if isinstance(value, str) else "" for value in said)
        if not re.fullmatch("[0-9a-f]{64}", sha256) or not version_id:
            raise Finding(CANNOT_CHECK, f"{key}: expected the SHA-256 and the version of each file: malformed")
        yield sha256, version_id


class Document(NamedTuple):
    """An opened envelope: what it says, its signatures by key id, and the bytes that they are over."""

    payload: Json
    signatures: dict[str, bytes]
    signed: bytes


def unseal(data: bytes, kind: Kind, what: str) -> Document:
    """Open a DSSE envelope, and hold what is inside against its schema. Nothing is verified yet."""
    envelope = parse(data, what)
    if not envelope.get("signatures"):
        raise Finding(MISSING, f"{what}: no signature: it was stripped, or never signed")
    try:
        payload, signatures = (
            _base64(envelope["payload"]),
            [(entry["keyid"], _base64(entry["sig"])) for entry in envelope["signatures"]],
        )
        well_formed = all(re.fullmatch("[0-9a-f]{64}", keyid, re.ASCII) for keyid, _ in signatures)
        if not well_formed or len(dict(signatures)) != len(signatures) or envelope["payloadType"] != kind.payload_type:
            raise ValueError(f"expected {kind.payload_type}, and key ids of 64 hexadecimal digits, each once")
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise Finding(CANNOT_CHECK, f"{what}: malformed envelope: {type(error).__name__}: {error}") from error
    document = parse(payload, f"{what}: payload")
    problem = next(misfits(document, schema(kind.schema), schema(kind.schema)), None)
    if problem:
        raise Finding(CANNOT_CHECK, f"{what}: malformed: {problem[:300]}")
    name = kind.payload_type.encode()
    return Document(document, dict(signatures), b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload))


def _base64(text: str) -> bytes:
    return base64.b64decode(text.encode().replace(b"-", b"+").replace(b"_", b"/"), validate=True)


def public_key(pem: str) -> tuple[str, ec.EllipticCurvePublicKey]:
    """Return a P-256 key and its id: the SHA-256 of its SPKI, DER."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Finding(CANNOT_CHECK, f"expected a public key in PEM form: {error}") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Finding(CANNOT_CHECK, "expected a P-256 public key, got another kind")
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest(), key


def check_signature(document: Document, keyid: str, key: ec.EllipticCurvePublicKey, what: str) -> None:
    """Check that a key signed a document."""
    try:
        key.verify(document.signatures.get(keyid, b""), document.signed, ec.ECDSA(SHA256()))
    except InvalidSignature as error:
        raise Finding(TAMPERED, f"{what}: the signature of key {keyid[:16]} does not match: changed after it signed") from error


# ---- (1) Trust --------------------------------------------------------------------------------------------------------------


class Key(NamedTuple):
    """A key of the key list. Times are UTC; ``None`` means not yet."""

    scope: str
    public: ec.EllipticCurvePublicKey
    valid_from: datetime
    valid_to: datetime | None
    revoked_at: datetime | None


class KeyList(NamedTuple):
    """An edition of the key list that the root signed."""

    edition: int
    previous_sha256: str | None
    sha256: str
    issued_at: datetime
    genesis: str
    keys: dict[str, Key]

    def check(self, keyid: str, scope: str, at: datetime, what: str) -> ec.EllipticCurvePublicKey:
        """Return a key, if it may sign for a scope at a time."""
        key = self.keys.get(keyid)
        if key is None or key.scope != scope:
            raise Finding(TAMPERED, f"{what}: key {keyid[:16]}, which signed it, is not one that may sign for {scope}")
        if at < key.valid_from or any(at >= end for end in (key.valid_to, key.revoked_at) if end is not None):
            raise Finding(TAMPERED, f"{what}: key {keyid[:16]}, which signed it, was not valid at {at}")
        return key.public


def read_key_lists(copy: Copy, root: str) -> KeyList:
    """Check every edition of the key list, and return the last."""
    names = sorted((key for key in copy.keys if kind_of(key) == "key list"), key=lambda key: (len(key), key))
    last: KeyList | None = None
    for number, name in enumerate(names, start=1):
        current = read_key_list(copy.read(name), root, name)
        expected = "keys/root.dsse.json" if number == 1 else f"keys/root-{number:06}.dsse.json"
        if name != expected:
            raise Finding(MISSING, f"{expected}: not there, and {name} is")
        if current.edition != number or current.previous_sha256 != (last.sha256 if last else None):
            raise Finding(TAMPERED, f"{name}: it is edition {current.edition} and does not follow the one before it")
        if last is not None:
            _check_only_added(last, current, name)
        last = current
    if last is None:
        raise Finding(MISSING, "keys/root.dsse.json: not there")
    return last


def read_key_list(data: bytes, root: str, what: str) -> KeyList:
    """Check one edition: it is well-formed, its root has the fingerprint, the root signed it, each key has its own id, once."""
    document = unseal(data, KEY_LIST, what)
    said = document.payload
    keyid, key = public_key(said["root"]["public_key"])
    if keyid != root.lower():
        raise Finding(CANNOT_CHECK, f"{what}: its root is {keyid[:16]}, and {root[:16]} was given: ask for it outside the bucket")
    check_signature(document, keyid, key, what)
    keys: dict[str, Key] = {}
    for entry in said["keys"]:
        ends = [None if entry[name] is None else when(entry[name], what) for name in ("valid_to", "revoked_at")]
        own_id, public = public_key(entry["public_key"])
        if own_id != entry["keyid"]:
            raise Finding(TAMPERED, f"{what}: key {entry['keyid'][:16]} is listed under an id that is not its own")
        keys[own_id] = Key(entry["scope"], public, when(entry["valid_from"], what), *ends)
    if len(keys) != len(said["keys"]):
        raise Finding(CANNOT_CHECK, f"{what}: it lists a key twice: which entry holds can not be told")
    issued_at = when(said["issued_at"], what)
    sha256 = hashlib.sha256(data).hexdigest()
    return KeyList(said["edition"], said["previous_sha256"], sha256, issued_at, said["genesis_digest"], keys)


def _check_only_added(before: KeyList, current: KeyList, what: str) -> None:
    for keyid, old in before.keys.items():
        new = current.keys.get(keyid)
        if new is None or (new.scope, new.valid_from) != (old.scope, old.valid_from):
            raise Finding(TAMPERED, f"{what}: it drops or alters key {keyid[:16]}")
        if any(end not in (None, now) for end, now in ((old.valid_to, new.valid_to), (old.revoked_at, new.revoked_at))):
            raise Finding(TAMPERED, f"{what}: it moves the end of key {keyid[:16]}")
    if current.genesis != before.genesis or current.issued_at < before.issued_at:
        raise Finding(TAMPERED, f"{what}: it names another first digest, or is older than the edition before it")


def check_signed(
    data: bytes, kind: Kind, key: str, key_list: KeyList, stored_at: datetime | None, after: datetime | None = None
) -> tuple[Json, datetime]:
    """Check envelope, schema, key and signature of a document; returns what it says, and when it was signed.

    Who holds a revoked key can write any time into a document, and none into the store's: both have to be within the key's.
    What the last digest does not name was stored ``after`` it.
    """
    document = unseal(data, kind, key)
    stated: Any = document.payload
    for step in kind.signed_at:
        stated = stated[step]
    at = when(stated, key)
    if len(document.signatures) != 1:
        raise Finding(CANNOT_CHECK, f"{key}: expected one signature, got {len(document.signatures)}")
    (keyid,) = document.signatures
    public = key_list.check(keyid, kind.scope, at, key)
    if stored_at is None and after is not None:
        stored_at = max(at, after)
    if stored_at is not None and stored_at > at:
        key_list.check(keyid, kind.scope, stored_at, key)
    check_signature(document, keyid, public, key)
    if stored_at is not None and abs(at - stored_at) > CLOCK_TOLERANCE:
        raise Finding(TAMPERED, f"{key}: it says it was signed at {at}, and the store received it at {stored_at}")
    return document.payload, at


# ---- (2) Chain --------------------------------------------------------------------------------------------------------------


class Entry(NamedTuple):
    """One object version or delete marker, as the digest principal saw it."""

    key: str
    version_id: str
    delete_marker: bool
    last_modified: datetime
    sha256: str | None


class Digest(NamedTuple):
    """A digest that can be relied on. ``covered``: versions, delete markers and bytes up to and with it."""

    sequence: int
    key: str
    sha256: str
    bucket: str
    start: datetime
    end: datetime
    cadence: timedelta
    covered: tuple[int, int, int]


class Chain:
    """What the digests say that can be relied on."""

    def __init__(self, genesis: str) -> None:
        self.genesis = genesis
        self.digests: list[Digest] = []
        self.history: dict[str, list[Entry]] = {}
        self.versions: dict[Version, Entry] = {}
        self.named_in: dict[Version, int] = {}
        self.closed: dict[str, int] = {}

    @property
    def head(self) -> Digest | None:
        """The last of them."""
        return self.digests[-1] if self.digests else None

    def first(self, key: str) -> Entry | None:
        """Return what landed under a key: the oldest version. Among those of one second a digest names the newest first."""
        stored = [entry for entry in self.history.get(key, ()) if not entry.delete_marker]
        age = [(self.named_in[entry[:2]], entry.last_modified, -place) for place, entry in enumerate(stored)]
        return stored[age.index(min(age))] if stored else None

    def add(self, data: bytes, key: str, key_list: KeyList) -> None:
        """Check that a digest follows the one before, and take it in."""
        said, end = check_signed(data, DIGEST, key, key_list, None)
        when(said["retention"]["retain_until"], key)
        start, entries = when(said["from"], key), [_entry(entry, key) for entry in said["entries"]]
        before, sha256 = self.head, hashlib.sha256(data).hexdigest()
        self._check_link(said, key, sha256, start)
        if end < start:
            raise Finding(TAMPERED, f"{key}: it ends before it starts")
        markers = sum(entry.delete_marker for entry in entries)
        new = (len(entries) - markers, markers, sum(entry["bytes"] for entry in said["entries"]))
        covered = tuple(old + more for old, more in zip(before.covered if before else (0, 0, 0), new))  # noqa: B905
        stated = (said["covered"]["versions"], said["covered"]["delete_markers"], int(said["covered"]["bytes"]))
        if covered != stated or len({entry[:2] for entry in entries}) != len(entries):
            raise Finding(TAMPERED, f"{key}: its totals are not those of the chain, or it names a version twice")
        cadence = timedelta(seconds=said["cadence_seconds"])
        self.digests.append(Digest(said["sequence"], key, sha256, said["bucket"], start, end, cadence, stated))
        for entry in entries:
            self.history.setdefault(entry.key, []).append(entry)
            self.versions[entry[:2]], self.named_in[entry[:2]] = entry, said["sequence"]
        for period in said["closes"]:
            self.closed.setdefault(period, said["sequence"])

    def _check_link(self, said: Json, key: str, sha256: str, start: datetime) -> None:
        before, previous = self.head, said["previous"]
        if said["key"] != key or digest_key(said["sequence"]) != key:
            raise Finding(TAMPERED, f"{key}: it was signed for {said['key']}: it was moved")
        if before is None:
            if said["sequence"] != 0 or previous is not None:
                raise Finding(MISSING, f"{digest_key(0)}: not there: the chain does not start where it started")
            if sha256 != self.genesis:
                raise Finding(TAMPERED, f"{key}: it is not the first digest that the key list names")
        elif previous is None or (previous["key"], previous["sha256"]) != (before.key, before.sha256):
            raise Finding(TAMPERED, f"{key}: it does not follow {before.key}: the chain was cut, reordered or forked")
        elif (start, said["bucket"]) != (before.end, before.bucket):
            raise Finding(TAMPERED, f"{key}: it starts at {start}, and the one before ended at {before.end}")


def _entry(said: Json, key: str) -> Entry:
    if said["lock"] is not None:
        when(said["lock"]["until"], key)
    return Entry(said["key"], said["version_id"], said["delete_marker"], when(said["last_modified"], key), said["sha256"])


def digest_key(sequence: int) -> str:
    """Return the key of a digest."""
    return f"digests/{sequence:012}.dsse.json"


# ---- The run: every step over one copy -------------------------------------------------------------------------------------


@dataclass
class Item:
    """What was found of one landing, record, digest or other object; nothing, if it is intact."""

    kind: str
    key: str
    rows: int | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """The worst of its findings."""
        return worst(finding.outcome for finding in self.findings)

    def as_document(self) -> Json:
        """Return it as ``--json`` prints it."""
        findings = [{"outcome": finding.outcome, "reason": finding.reason} for finding in self.findings]
        return {"kind": self.kind, "key": self.key, "outcome": self.outcome, "rows": self.rows, "findings": findings}


class Manifest(NamedTuple):
    """A manifest that can be relied on."""

    key: str
    sha256: str
    predicate: Json


class Contents(NamedTuple):
    """What ``contents.json`` says of a package: its period, the digest that it is of, its pages and tables with their hashes."""

    period: str
    head: str
    by_reference: bool
    files: dict[str, str]


def read_contents(data: bytes) -> Contents:
    """Read the contents of a package."""
    said = parse(data, CONTENTS)
    files = said.get("files")
    listed = isinstance(files, list) and all(
        isinstance(each, dict) and isinstance(each.get("name"), str) and re.fullmatch("[0-9a-f]{64}", str(each.get("sha256")))
        for each in files
    )
    head = said.get("digest")
    names = ("observation_period", "by_reference", "version")
    period, by_reference, version = (said.get(name) for name in names)
    if version != 1 or not listed or not isinstance(head, dict) or not isinstance(period, str) or type(by_reference) is not bool:
        raise Finding(
            CANNOT_CHECK, f"{CONTENTS}: expected the contents of a package, version 1: malformed, or of a later release"
        )
    return Contents(period, str(head.get("sha256")), by_reference, {each["name"]: each["sha256"] for each in files or ()})


class Verification:
    """One run; ``items`` by key, and ``finding`` for what concerns the whole."""

    def __init__(self, copy: Copy, now: datetime, package: Copy | None = None, *, by_reference: bool = False) -> None:
        self.copy = copy
        self.now = now
        self.package = package
        """What stands around the copy, where it is a package's."""
        self.contents: Contents | None = None
        self.by_reference = by_reference
        self.elsewhere = 0
        """Objects of other observation periods, which a package does not hold."""
        self.referred: set[str] = set()
        """Objects that a package names and does not hold."""
        self.items: dict[str, Item] = {}
        self.finding: Finding | None = None
        self.chain = Chain("")
        self.manifests: list[Manifest] = []
        self.named: set[str] = set()
        self.failed: set[str] = set()
        """Landings whose manifest can not be relied on."""

    def run(self, root: str | None, announced: str | None = None) -> Verification:
        """Check everything."""
        try:
            if self.package is not None:
                self._read_package(self.package)
        except Finding as finding:
            self.finding = finding
            return self
        try:  # (1)
            if not root:
                raise Finding(CANNOT_CHECK, "no trust root: give --root the fingerprint that you received outside the bucket")
            self.key_list = read_key_lists(self.copy, root)
        except Finding as finding:
            self.finding = finding
            for key in self.copy.keys:
                if kind_of(key) == "manifest":
                    self.note("landing", key, finding)
            return self
        self._read_chain()  # (2)
        checks = {"record": self._check_record, "response": self._check_response}
        for key in self.copy.keys:
            kind = kind_of(key)
            if kind in checks:  # (3), (4), (5)
                self._checked(kind, key, checks[kind])
                continue
            is_landing = kind == "manifest" or (key.startswith("manifests/") and key.endswith(".dsse.json"))
            if is_landing and not self._checked("landing", key, self._check_landing):
                self.failed.add(key.rpartition("/")[2][: -len(".dsse.json")])
        self._check_succession()  # (6)
        self._check_entries()  # (7)
        self._check_unnamed()  # (7)
        self.finding = self._whole(announced)
        return self

    def note(self, kind: str, key: str, *findings: Finding) -> Item:
        """Take down what was found of a key, or that it was looked at."""
        item = self.items.setdefault(key, Item(kind, key))
        item.findings.extend(findings)
        return item

    def _checked(self, kind: str, key: str, check: Callable[[str, Item], None]) -> bool:
        """Check a document; returns whether it can be relied on."""
        item = self.note(kind, key)
        try:
            check(key, item)
        except Finding as finding:
            item.findings.append(finding)
            return False
        return True

    # A package: what stands around the copy.

    def _read_package(self, package: Copy) -> None:
        self.contents = read_contents(package.read(CONTENTS))
        for name, sha256 in self.contents.files.items():
            item = self.note("page", name)
            try:
                found = package.sha256(name)
                if found is None:
                    raise Finding(MISSING, f"{name}: {CONTENTS} lists it, and it is not there")
                if found != sha256:
                    raise Finding(TAMPERED, f"{name}: {CONTENTS} has SHA-256 {sha256}, got {found}: changed since")
            except Finding as finding:
                item.findings.append(finding)
        for key in package.keys:
            if not key.startswith(BUCKET) and key != CONTENTS and key not in self.contents.files:
                self.note("page", key, Finding(TAMPERED, f"{key}: {CONTENTS} does not list it, and nobody answers for it"))
        for key, odd in package.odd:
            if not key.startswith(BUCKET):
                self.note("page", key, odd)

    def _is_left_out(self, key: str) -> bool:
        """Whether a package rightly does not hold an object, and count it."""
        if self.contents is None:
            return False
        label = re.search(r"(?:^|/)observation_period=([^/]+)/", key)
        is_ours = key in self.named or label is None or label[1] == self.contents.period
        if not is_ours:
            self.elsewhere += 1
        elif self.by_reference and self.contents.by_reference and kind_of(key) in ("part", "raw page", "file"):
            self.referred.add(key)
        else:
            return False
        return True

    # Step 2: the chain.

    def _read_chain(self) -> None:
        self.chain = Chain(self.key_list.genesis)
        names = [key for key in self.copy.keys if kind_of(key) == "digest"]
        if not names:
            self.note("digest", digest_key(0), Finding(MISSING, f"{digest_key(0)}: not there: there is no chain of digests"))
        for number, key in enumerate(names):
            item = self.note("digest", digest_key(number))
            try:
                if key != item.key:
                    raise Finding(MISSING, f"{item.key}: not there, and {key} is: a digest was removed")
                self.chain.add(self.copy.read(key), key, self.key_list)
            except Finding as finding:
                item.findings.append(finding)
                for later in names[number + 1 : number + 2]:
                    reason = f"{later} to {names[-1]}: they follow a digest that can not be relied on"
                    self.note("digest", later, Finding(CANNOT_CHECK, reason))
                return

    # Steps 3 to 5: documents and what they name.

    def _document(self, key: str, kind: Kind) -> tuple[Json, datetime, str]:
        data, entry = self.copy.read(key), self.chain.first(key)
        broken = any(item.kind == "digest" and item.findings for item in self.items.values())
        after = self.chain.head.end if self.chain.head and not broken else None
        said, at = check_signed(data, kind, key, self.key_list, entry.last_modified if entry else None, after)
        return said, at, hashlib.sha256(data).hexdigest()

    def _check_landing(self, key: str, item: Item) -> None:
        statement, at, sha256 = self._document(key, MANIFEST)
        said, subjects = statement["predicate"], statement["subject"]
        until = when(said["retention"]["retain_until"], key)
        when(said["observation_period"]["to"], key)
        slot = f"observation_period={said['observation_period']['id']}/control={said['control']['id']}"
        partition, landing = f"{slot}/window={said['window']['key']}", said["landing"]
        if not key == said["manifest_key"] == f"manifests/{partition}/{landing}.dsse.json":
            raise Finding(TAMPERED, f"{key}: it was signed for {said['manifest_key']}: it was moved")
        if not landing.startswith(f"{said['system']}-"):
            raise Finding(TAMPERED, f"{key}: its landing is not one of system {said['system']}")
        part = re.compile(rf"evidence/[^/]+/{re.escape(partition)}/{re.escape(landing)}-\d{{5}}\.parquet", re.ASCII)
        for subject in subjects:
            is_part, name = subject["annotations"]["role"] == "part", subject["name"]
            if not (part.fullmatch(name) if is_part else name.startswith(f"raw/{slot}/{landing}/page-")):
                raise Finding(TAMPERED, f"{key}: it names an object of another landing: {name}")
        if len({subject["name"] for subject in subjects}) != len(subjects):
            raise Finding(TAMPERED, f"{key}: it names an object twice")
        self.manifests.append(Manifest(key, sha256, said))
        item.rows = said["population"]["rows"]
        named = [(entry["name"], entry["annotations"]["version_id"], entry["digest"]["sha256"]) for entry in subjects]
        item.findings += self._findings_of(key, at, until, named)

    def _check_record(self, key: str, item: Item) -> None:
        said, at, _ = self._document(key, RECORD)
        slot = f"observation_period={said['observation_period']}/control={said['control']}/window={said['window']}"
        if not key == said["key"] == f"manifests/{slot}/{said['record']}.record.dsse.json":
            raise Finding(TAMPERED, f"{key}: it was signed for {said['key']}: it was moved")
        if not said["record"].startswith(f"{said['system']}-"):
            raise Finding(TAMPERED, f"{key}: its id is not one of system {said['system']}")
        until = when(said["retention"]["retain_until"], key)
        named = [(entry["key"], entry["version_id"], entry["sha256"]) for entry in said["objects"]]
        item.findings += self._findings_of(key, at, until, named)

    def _check_response(self, key: str, item: Item) -> None:
        said, at, _ = self._document(key, RESPONSE)
        period = said["observation_period"]
        names = (
            f"observation_period={period}",
            f"control={said['control']}",
            said["campaign"],
            said["assignment"],
            said["response"],
        )
        if not key == said["key"] == f"responses/{'/'.join(names)}.dsse.json":
            raise Finding(TAMPERED, f"{key}: it was signed for {said['key']}: it was moved")
        until = when(said["retention"]["retain_until"], key)
        folder = key.rpartition("/")[0]
        files = [(f"{folder}/file-{sha256}", version_id, sha256) for sha256, version_id in _files_of(said["answer"], key)]
        item.findings += self._findings_of(key, at, until, files)
        first, final = self.chain.first(key), self.chain.closed.get(period)
        if final is not None and (first is None or self.chain.named_in[first[:2]] > final):
            reason = f"{key}: it came after digest {final}, the final one of period {period}: added after close"
            item.findings.append(Finding(TAMPERED, reason))

    def _findings_of(self, key: str, at: datetime, until: datetime, named: list[tuple[str, str, str]]) -> Iterator[Finding]:
        self.named.update(name for name, _, _ in named)
        if not timedelta(0) < until - at <= LONGEST_RETENTION:  # (5)
            yield Finding(TAMPERED, f"{key}: signed {at}, it asks for a lock until {until}: expected 1 day to 40 years")
        for name, version_id, sha256 in named:  # (4)
            try:
                self._check_bytes(name, version_id, sha256)
            except Finding as finding:
                yield finding

    def _check_bytes(self, name: str, version_id: str, sha256: str) -> None:
        found = self.copy.sha256(name)
        if found is None:
            if self._is_left_out(name):
                return
            raise Finding(MISSING, f"{name}: not there")
        if found != sha256:
            raise Finding(TAMPERED, f"{name}: expected SHA-256 {sha256}, got {found}: its bytes were changed")
        seen = self.chain.versions.get((name, version_id))
        if (seen is None and name in self.chain.history) or (seen is not None and seen.sha256 not in (None, sha256)):
            raise Finding(TAMPERED, f"{name}: the digests name it in another version, or with other bytes, than was signed")

    # Step 6: succession.

    def _check_succession(self) -> None:
        slots: dict[tuple[str, str], dict[str, Manifest]] = {}
        for manifest in self.manifests:
            slot = (manifest.key.rpartition("/")[0], manifest.predicate["system"])
            slots.setdefault(slot, {})[manifest.predicate["landing"]] = manifest
        for landings in slots.values():
            claims = {name: entry.predicate["supersedes"] for name, entry in landings.items() if entry.predicate["supersedes"]}
            for name, claim in claims.items():
                before, key = landings.get(claim["landing"]), landings[name].key
                if before is None or before.sha256 != claim["manifest_sha256"]:
                    reason = f"{key}: it supersedes {claim['landing']}, which is not there as it was"
                    self.note("landing", key, Finding(MISSING if before is None else TAMPERED, reason))
            standing = landings.keys() - {claim["landing"] for claim in claims.values()}
            for name in standing if len(standing) > 1 else ():
                reason = f"{landings[name].key}: {len(standing)} landings of its system stand in its slot"
                self.note("landing", landings[name].key, Finding(CANNOT_CHECK, reason))

    # Steps 7 and 8: coverage.

    def _check_entries(self) -> None:
        for key, entries in self.chain.history.items():
            first, kind = self.chain.first(key), kind_of(key)
            try:
                found = self.copy.sha256(key)
                number = self.chain.named_in[entries[0][:2]]
                if found is None and self._is_left_out(key):
                    continue
                if found is None:
                    self.note(kind, key, Finding(MISSING, f"{key}: digest {number} names it, and it is not there"))
                elif first is not None and first.sha256 not in (None, found) and key not in self.named:
                    reason = f"{key}: digest {number} saw SHA-256 {first.sha256}, and it has {found}: changed since"
                    self.note(kind, key, Finding(TAMPERED, reason))
            except Finding as finding:
                self.note(kind, key, finding)
            for entry in entries:
                if first is None or entry[:2] != first[:2]:
                    what = "a delete marker" if entry.delete_marker else "another version"
                    self.note(kind, key, Finding(TAMPERED, f"{key}: shadowed: the digests name {what} of the key"))

    def _check_unnamed(self) -> None:
        for key, finding in self.copy.odd:
            self.note("unknown", key, finding)
        for key in self.copy.keys:
            kind, steps = kind_of(key), key.split("/")
            is_table = key.startswith(("evidence/", "raw/"))
            name = steps[-1][: -len(".dsse.json")] if key.endswith(".dsse.json") else steps[-1].rsplit("-", 1)[0]
            landing = steps[3] if key.startswith("raw/") and len(steps) > 3 else name
            if kind not in ("part", "raw page", "unknown") or key in self.named or landing in self.failed:
                continue
            if is_table:
                self.note(kind, key, Finding(MISSING, f"{key}: no manifest names it"))
            else:
                self.note(kind, key, Finding(TAMPERED, f"{key}: the layout has no such object, and nobody answers for it"))

    # (2), once the landings are known

    def _whole(self, announced: str | None) -> Finding | None:
        head = self.chain.head
        if announced and not any(digest.sha256.startswith(announced.lower()) for digest in self.chain.digests):
            return Finding(MISSING, f"no digest has the SHA-256 {announced}, announced outside the bucket: the chain was cut off")
        ends = [when(manifest.predicate["observation_period"]["to"], manifest.key) for manifest in self.manifests]
        if self.contents and head and self.contents.head != head.sha256:
            return Finding(TAMPERED, f"{CONTENTS}: made of digest {self.contents.head}, and the last one here is {head.sha256}")
        of_known_head = self.contents is not None and announced and head and head.sha256.startswith(announced.lower())
        late = head and self.now - head.end > 2 * head.cadence and not (ends and head.end >= max(ends))
        if head and late and not of_known_head:
            return Finding(MISSING, f"{head.key}: the last digest ends {head.end}: the chain was cut off, or none was made since")
        if not self.landings:
            return Finding(MISSING, "there is no manifest under manifests/")
        return None

    # What a report says

    @property
    def landings(self) -> list[Item]:
        """The landings, by key."""
        return sorted((item for item in self.items.values() if item.kind == "landing"), key=lambda item: item.key)

    @property
    def others(self) -> list[Item]:
        """Everything else that was looked at, or is not as it should be."""
        return sorted((item for item in self.items.values() if item.kind != "landing"), key=lambda item: item.key)

    @property
    def outcome(self) -> str:
        """The worst outcome; intact only if there is something and all of it is intact."""
        return worst([item.outcome for item in self.items.values()] + ([self.finding.outcome] if self.finding else []), MISSING)

    @property
    def intact(self) -> int:
        """How many landings are intact."""
        return sum(item.outcome == INTACT for item in self.landings)

    def as_document(self) -> Json:
        """Return the report as ``--json`` prints it."""
        head = self.chain.head
        return {
            "outcome": self.outcome,
            "profile": "copy",
            "custody": "not checked in a copy",
            "index": "not checked here",
            "head": head and {"sequence": head.sequence, "sha256": head.sha256, "to": f"{head.end:%Y-%m-%dT%H:%M:%S.%fZ}"},
            "package": self.contents
            and {
                "observation_period": self.contents.period,
                "files": len(self.contents.files),
                "elsewhere": self.elsewhere,
                "by_reference": len(self.referred),
            },
            "not_digested_yet": sum(key not in self.chain.history for key in self.copy.keys),
            "intact": self.intact,
            "total": len(self.landings),
            "finding": None if self.finding is None else self.finding.reason,
            "landings": [item.as_document() for item in self.landings],
            "others": [item.as_document() for item in self.others],
        }

    def as_text(self) -> str:
        """Return the report for a terminal: a line per landing, whatever else is not intact, the summary."""
        lines = []
        for item in (*self.landings, *(item for item in self.others if item.findings)):
            lines.append(f"{item.outcome:<12}  {item.key}" + ("" if item.rows is None else f"  {item.rows} rows"))
            lines += [f"              {finding.outcome}: {finding.reason}" for finding in item.findings]
        if self.finding:
            lines.append(f"{self.finding.outcome}: {self.finding.reason}")
        if self.chain.head:
            lines.append(f"chain: digest {self.chain.head.sequence}, SHA-256 {self.chain.head.sha256}")
        lines += ["custody: not checked in a copy", "index: not checked here"]
        if self.contents:
            lines.append(f"package: {self.contents.period}, {len(self.contents.files)} pages and tables as {CONTENTS} lists them")
            lines.append(f"not in it: {self.elsewhere} objects of other observation periods")
            if self.referred:
                lines.append(f"named only: {len(self.referred)} objects, whose bytes were not checked here (references.csv)")
        count = f"{self.intact}/{len(self.landings)}"
        lines.append(f"intact {count}" if self.outcome == INTACT else f"{self.outcome}: {count} intact")
        return "\n".join(map(printable, lines))


def verify(
    paths: Path | list[Path], root: str | None, now: datetime, announced: str | None = None, *, by_reference: bool = False
) -> Verification:
    """Verify a folder or an archive, or the archives of one package; never raises for what it finds."""
    try:
        copies: list[Copy] = []
        for path in [paths] if isinstance(paths, Path) else paths:
            copies.append(Folder(path) if path.is_dir() else Archive(path))
        whole = copies[0] if len(copies) == 1 else Several(copies)
    except Finding as finding:
        refused = Verification(Copy(), now)
        refused.finding = finding
        return refused
    if CONTENTS not in whole.keys:
        return Verification(whole, now).run(root, announced)
    return Verification(Part(whole, BUCKET), now, whole, by_reference=by_reference).run(root, announced)


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Check a copy of an evidence bucket: is it what was signed?")
    parser.add_argument("copy", type=Path, nargs="+", help="a folder, or a ZIP archive of one; all archives of a package")
    parser.add_argument("--root", help="the root key's fingerprint, as received outside the bucket")
    parser.add_argument("--head", help="SHA-256 of a digest that was announced outside the bucket")
    parser.add_argument("--now", help="when it is, as 2026-11-02T08:00:00Z, instead of this machine's clock")
    parser.add_argument(
        "--by-reference", action="store_true", help="it is known that a package names objects and does not hold them"
    )
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON")
    given = parser.parse_args(arguments)
    for path in given.copy:
        if not path.exists():
            parser.error(f"{printable(str(path))}: there is no such folder or file")
    if given.head is not None and not re.fullmatch("[0-9a-fA-F]{8,64}", given.head):
        parser.error("--head: expected 8 to 64 hexadecimal digits")
    if given.now is not None and not re.fullmatch(r"[\d-]{10}T[\d:]{8}(\.\d{6})?Z", given.now, re.ASCII):
        parser.error("--now: expected an instant as 2026-11-02T08:00:00Z")
    try:
        now = when(given.now, "--now") if given.now else datetime.now(UTC)
    except Finding as finding:
        parser.error(finding.reason)
    report = verify(given.copy, given.root, now, given.head, by_reference=given.by_reference)
    print(json.dumps(report.as_document(), indent=1) if given.json else report.as_text())
    return 0 if report.outcome == INTACT else 1


# The published schemas, as they stand in tieout/evidence/schemas/: a test of the repository holds them against each other.
SCHEMAS = r"""
{"key_list.v1": {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:tieout:schema:key_list:v1", "title":
"Key list of an evidence bucket, signed by the root key", "type": "object", "required": ["version", "edition",
"previous_sha256", "issued_at", "root", "keys", "genesis_digest"], "additionalProperties": false, "properties": {"version": {
"const": 1}, "edition": {"type": "integer", "minimum": 1, "maximum": 999999}, "previous_sha256": {"oneOf": [{"type": "null"},
{"$ref": "#/$defs/sha256"}]}, "issued_at": {"$ref": "#/$defs/instant"}, "root": {"type": "object", "required": ["keyid",
"public_key"], "additionalProperties": false, "properties": {"keyid": {"$ref": "#/$defs/sha256"}, "public_key": {"$ref":
"#/$defs/pem"}}}, "keys": {"type": "array", "maxItems": 10000, "items": {"type": "object", "required": ["keyid", "scope",
"public_key", "valid_from", "valid_to", "revoked_at"], "additionalProperties": false, "properties": {"keyid": {"$ref":
"#/$defs/sha256"}, "scope": {"enum": ["landing", "response", "digest"]}, "public_key": {"$ref": "#/$defs/pem"}, "valid_from":
{"$ref": "#/$defs/instant"}, "valid_to": {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/instant"}]}, "revoked_at": {"oneOf": [
{"type": "null"}, {"$ref": "#/$defs/instant"}]}}}}, "genesis_digest": {"$ref": "#/$defs/sha256"}}, "$defs": {"sha256": {
"type": "string", "pattern": "^[0-9a-f]{64}$"}, "pem": {"type": "string", "maxLength": 2000, "pattern":
"^-----BEGIN PUBLIC KEY-----"}, "instant": {"type": "string", "pattern":
"^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{6}Z$"}}}, "digest.v1": {"$schema":
"https://json-schema.org/draft/2020-12/schema", "$id": "urn:tieout:schema:digest:v1", "title":
"Digest: every object version and delete marker that the bucket has gained since the digest before, signed and chained",
"type": "object", "required": ["version", "bucket", "key", "sequence", "from", "to", "cadence_seconds", "previous", "closes",
"retention", "covered", "entries"], "additionalProperties": false, "properties": {"version": {"const": 1}, "bucket": {"type":
"string", "minLength": 1, "maxLength": 63}, "key": {"type": "string", "pattern": "^digests/[0-9]{12}\\.dsse\\.json$"},
"sequence": {"type": "integer", "minimum": 0, "maximum": 999999999999}, "from": {"$ref": "#/$defs/instant"}, "to": {"$ref":
"#/$defs/instant"}, "cadence_seconds": {"type": "integer", "minimum": 60, "maximum": 86400}, "previous": {"oneOf": [{"type":
"null"}, {"type": "object", "required": ["key", "sha256", "version_id"], "additionalProperties": false, "properties": {"key":
{"type": "string", "pattern": "^digests/[0-9]{12}\\.dsse\\.json$"}, "sha256": {"$ref": "#/$defs/sha256"}, "version_id": {
"$ref": "#/$defs/version_id"}}}]}, "closes": {"type": "array", "maxItems": 100, "items": {"type": "string", "minLength": 1,
"maxLength": 64}}, "retention": {"type": "object", "required": ["mode", "retain_until"], "additionalProperties": false,
"properties": {"mode": {"enum": ["COMPLIANCE", "GOVERNANCE"]}, "retain_until": {"$ref": "#/$defs/instant"}}}, "covered": {
"type": "object", "required": ["versions", "delete_markers", "bytes"], "additionalProperties": false, "properties": {
"versions": {"$ref": "#/$defs/count"}, "delete_markers": {"$ref": "#/$defs/count"}, "bytes": {"type": "string", "pattern":
"^[0-9]{1,20}$"}}}, "entries": {"type": "array", "maxItems": 20000, "items": {"type": "object", "required": ["key",
"version_id", "delete_marker", "last_modified", "bytes", "sha256", "lock"], "additionalProperties": false, "properties": {
"key": {"type": "string", "minLength": 1, "maxLength": 1024}, "version_id": {"$ref": "#/$defs/version_id"}, "delete_marker": {
"type": "boolean"}, "last_modified": {"$ref": "#/$defs/instant"}, "bytes": {"$ref": "#/$defs/count"}, "sha256": {"oneOf": [{
"type": "null"}, {"$ref": "#/$defs/sha256"}]}, "lock": {"oneOf": [{"type": "null"}, {"type": "object", "required": ["mode",
"until"], "additionalProperties": false, "properties": {"mode": {"enum": ["COMPLIANCE", "GOVERNANCE"]}, "until": {"$ref":
"#/$defs/instant"}}}]}}}}}, "$defs": {"sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "version_id": {"type":
"string", "minLength": 1, "maxLength": 1024}, "count": {"type": "integer", "minimum": 0}, "instant": {"type": "string",
"pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{6}Z$"}}}, "landing_manifest.v1": {"$schema":
"https://json-schema.org/draft/2020-12/schema", "$id": "urn:tieout:schema:landing_manifest:v1", "title":
"Manifest of one landing: an in-toto Statement whose subjects are its Parquet parts and raw pages", "type": "object",
"required": ["_type", "subject", "predicateType", "predicate"], "additionalProperties": false, "properties": {"_type": {
"const": "https://in-toto.io/Statement/v1"}, "predicateType": {"const": "urn:tieout:landing:v1"}, "subject": {"type": "array",
"minItems": 1, "maxItems": 20000, "items": {"type": "object", "required": ["name", "digest", "annotations"],
"additionalProperties": false, "properties": {"name": {"$ref": "#/$defs/key"}, "digest": {"type": "object", "required": [
"sha256"], "additionalProperties": false, "properties": {"sha256": {"$ref": "#/$defs/sha256"}}}, "annotations": {"oneOf": [{
"type": "object", "required": ["role", "version_id", "bytes", "evidence_type", "rows", "rows_sha256"], "additionalProperties":
false, "properties": {"role": {"const": "part"}, "version_id": {"$ref": "#/$defs/version_id"}, "bytes": {"$ref":
"#/$defs/count"}, "evidence_type": {"type": "string"}, "rows": {"$ref": "#/$defs/count"}, "rows_sha256": {"$ref":
"#/$defs/sha256"}}}, {"type": "object", "required": ["role", "version_id", "bytes", "received_sha256"],
"additionalProperties": false, "properties": {"role": {"const": "raw"}, "version_id": {"$ref": "#/$defs/version_id"}, "bytes":
{"$ref": "#/$defs/count"}, "received_sha256": {"$ref": "#/$defs/sha256"}}}]}}}}, "predicate": {"type": "object", "required": [
"layout_version", "bucket", "manifest_key", "landing", "control", "system", "observation_period", "window", "extraction",
"population", "contract", "rule_results", "potential_deviations", "performances", "ipe", "code", "retention", "supersedes",
"times"], "additionalProperties": false, "properties": {"layout_version": {"const": 1}, "bucket": {"type": "string"},
"manifest_key": {"$ref": "#/$defs/key"}, "landing": {"type": "string", "pattern": "^[a-z][a-z0-9_]*-[0-9a-f]{32}$"},
"control": {"type": "object", "required": ["id", "title", "statement_version", "statement", "sha256"], "additionalProperties":
false, "properties": {"id": {"type": "string"}, "title": {"type": "string"}, "statement_version": {"type": "integer"},
"statement": {"type": "string"}, "sha256": {"$ref": "#/$defs/sha256"}}}, "system": {"type": "string"}, "observation_period": {
"type": "object", "required": ["id", "from", "to", "time_zone"], "additionalProperties": false, "properties": {"id": {"type":
"string"}, "from": {"$ref": "#/$defs/instant"}, "to": {"$ref": "#/$defs/instant"}, "time_zone": {"type": "string"}}},
"window": {"type": "object", "required": ["key", "from", "to"], "additionalProperties": false, "properties": {"key": {"type":
"string"}, "from": {"$ref": "#/$defs/instant"}, "to": {"$ref": "#/$defs/instant"}}}, "extraction": {"type": "object",
"required": ["state", "lag_seconds"], "additionalProperties": false, "properties": {"state": {"enum": ["in window", "later"]},
"lag_seconds": {"type": "integer", "minimum": 0}}}, "population": {"type": "object", "required": ["rows", "rows_sha256",
"encoding"], "additionalProperties": false, "properties": {"rows": {"$ref": "#/$defs/count"}, "rows_sha256": {"$ref":
"#/$defs/sha256"}, "encoding": {"const": "tieout-rows-1"}}}, "contract": {"type": "object", "required": ["evidence_type",
"id", "version", "sha256"], "additionalProperties": false, "properties": {"evidence_type": {"type": "string"}, "id": {"type":
"string"}, "version": {"type": "string"}, "sha256": {"$ref": "#/$defs/sha256"}}}, "rule_results": {"type": "array", "items": {
"type": "object", "required": ["rule", "name", "kind", "expectation", "result", "met", "not_met", "not_determinable",
"observed"], "additionalProperties": false, "properties": {"rule": {"type": "string"}, "name": {"type": "string"}, "kind": {
"enum": ["contract", "control"]}, "expectation": {"type": "string"}, "result": {"enum": ["met", "not met",
"not determinable"]}, "met": {"$ref": "#/$defs/count"}, "not_met": {"$ref": "#/$defs/count"}, "not_determinable": {"$ref":
"#/$defs/count"}, "observed": {"type": ["string", "null"]}}}}, "potential_deviations": {"$ref": "#/$defs/count"},
"performances": {"type": "object", "required": ["shown", "events"], "additionalProperties": false, "properties": {"shown": {
"type": ["array", "null"], "maxItems": 5000, "items": {"type": "object", "required": ["name", "on"], "additionalProperties":
false, "properties": {"name": {"type": "string"}, "on": {"$ref": "#/$defs/day"}}}}, "events": {"oneOf": [{"type": "null"}, {
"type": "object", "required": ["on_time", "late", "not_performed", "pending", "not_determinable", "pending_until"],
"additionalProperties": false, "properties": {"on_time": {"$ref": "#/$defs/count"}, "late": {"$ref": "#/$defs/count"},
"not_performed": {"$ref": "#/$defs/count"}, "pending": {"$ref": "#/$defs/count"}, "not_determinable": {"$ref":
"#/$defs/count"}, "pending_until": {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/day"}]}}}]}}}, "ipe": {"type": "object"},
"code": {"type": "object"}, "retention": {"type": "object", "required": ["mode", "retain_until"], "additionalProperties":
false, "properties": {"mode": {"enum": ["COMPLIANCE", "GOVERNANCE"]}, "retain_until": {"$ref": "#/$defs/instant"}}},
"supersedes": {"oneOf": [{"type": "null"}, {"type": "object", "required": ["landing", "manifest_sha256", "reason"],
"additionalProperties": false, "properties": {"landing": {"type": "string"}, "manifest_sha256": {"$ref": "#/$defs/sha256"},
"reason": {"type": "string", "minLength": 1}}}]}, "times": {"type": "object", "required": ["collected_at", "landed_at"],
"additionalProperties": false, "properties": {"collected_at": {"$ref": "#/$defs/attested"}, "landed_at": {"$ref":
"#/$defs/attested"}}}}}}, "$defs": {"sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "key": {"type": "string",
"maxLength": 1024, "pattern": "^(evidence|raw|manifests)/[A-Za-z0-9_.=/-]+$", "not": {"pattern": "(^|/)\\.{1,2}(/|$)"}},
"version_id": {"type": "string", "minLength": 1, "maxLength": 1024}, "count": {"type": "integer", "minimum": 0}, "day": {
"type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"}, "instant": {"type": "string", "pattern":
"^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{6}Z$"}, "attested": {"type": "object", "required": ["at", "attested_by"],
"additionalProperties": false, "properties": {"at": {"$ref": "#/$defs/instant"}, "attested_by": {"type": "string"}}}}},
"record.v1": {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:tieout:schema:record:v1", "title":
"Record: something that did not become evidence, was taken away from it, or was said about a period, with who, why and when",
"type": "object", "required": ["version", "bucket", "key", "record", "kind", "observation_period", "control", "window",
"system", "landing", "reason", "by", "recorded_at", "objects", "facts", "retention"], "additionalProperties": false,
"properties": {"version": {"const": 1}, "bucket": {"type": "string", "minLength": 1, "maxLength": 63}, "key": {"$ref":
"#/$defs/key"}, "record": {"type": "string", "pattern": "^[a-z][a-z0-9_]*-[0-9a-f]{32}$"}, "kind": {"enum": ["not extracted",
"did not land", "abandoned", "redacted", "cancelled", "released", "legal hold on", "legal hold off", "explained", "readiness",
"snapshot", "period closed", "witnessed re-run", "campaign opened", "campaign notice", "campaign closed", "remediation ticket",
"review result", "population sealed", "selection"]}, "observation_period": {"type": "string", "minLength": 1, "maxLength": 64},
"control": {"type":
"string", "minLength": 1, "maxLength": 63}, "window": {"type": "string", "minLength": 1, "maxLength": 64}, "system": {"type":
"string", "pattern": "^[a-z][a-z0-9_]*$"}, "landing": {"oneOf": [{"type": "null"}, {"type": "string", "pattern":
"^[a-z][a-z0-9_]*-[0-9a-f]{32}$"}]}, "reason": {"type": "string", "minLength": 1, "maxLength": 4000}, "by": {"type": "string",
"minLength": 1, "maxLength": 500}, "recorded_at": {"type": "object", "required": ["at", "attested_by"],
"additionalProperties": false, "properties": {"at": {"$ref": "#/$defs/instant"}, "attested_by": {"type": "string"}}},
"objects": {"type": "array", "maxItems": 20000, "items": {"type": "object", "required": ["key", "version_id", "sha256",
"bytes"], "additionalProperties": false, "properties": {"key": {"$ref": "#/$defs/key"}, "version_id": {"type": "string",
"minLength": 1, "maxLength": 1024}, "sha256": {"$ref": "#/$defs/sha256"}, "bytes": {"type": "integer", "minimum": 0}}}},
"facts": {"type": "object"}, "retention": {"type": "object", "required": ["mode", "retain_until"], "additionalProperties":
false, "properties": {"mode": {"enum": ["COMPLIANCE", "GOVERNANCE"]}, "retain_until": {"$ref": "#/$defs/instant"}}}}, "$defs":
{"sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "key": {"type": "string", "maxLength": 1024, "pattern":
"^(evidence|raw|manifests|catalog)/[A-Za-z0-9_.=/-]+$", "not": {"pattern": "(^|/)\\.{1,2}(/|$)"}}, "instant": {"type":
"string", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{6}Z$"}}}, "response.v1": {"$schema":
"https://json-schema.org/draft/2020-12/schema", "$id": "urn:tieout:schema:response:v1", "title":
"Response: one person's answer to one assignment of a campaign, as it was stored before anybody heard that it was", "type":
"object", "required": ["version", "bucket", "key", "response", "observation_period", "control", "campaign", "assignment",
"population", "person", "answer", "presented_sha256", "channel", "acted_at", "stored_at", "retention"],
"additionalProperties": false, "properties": {"version": {"const": 1}, "bucket": {"type": "string", "minLength": 1,
"maxLength": 63}, "key": {"$ref": "#/$defs/key"}, "response": {"$ref": "#/$defs/segment"}, "observation_period": {"$ref":
"#/$defs/segment"}, "control": {"$ref": "#/$defs/segment"}, "campaign": {"$ref": "#/$defs/segment"}, "assignment": {"$ref":
"#/$defs/segment"}, "population": {"oneOf": [{"type": "null"}, {"type": "object", "required": ["landing", "manifest_sha256"],
"additionalProperties": false, "properties": {"landing": {"type": "string"}, "manifest_sha256": {"$ref":
"#/$defs/sha256"}}}]}, "person": {"type": "string", "minLength": 1, "maxLength": 200}, "answer": {"type": "object"},
"presented_sha256": {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/sha256"}]}, "channel": {"type": "object", "required": [
"kind", "signature_checked"], "properties": {"kind": {"type": "string"}, "signature_checked": {"type": "boolean"}}},
"acted_at": {"$ref": "#/$defs/attested"}, "stored_at": {"$ref": "#/$defs/attested"}, "retention": {"type": "object",
"required": ["mode", "retain_until"], "additionalProperties": false, "properties": {"mode": {"enum": ["COMPLIANCE",
"GOVERNANCE"]}, "retain_until": {"$ref": "#/$defs/instant"}}}}, "$defs": {"sha256": {"type": "string", "pattern":
"^[0-9a-f]{64}$"}, "segment": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$"}, "key": {"type": "string",
"maxLength": 1024, "pattern": "^responses/[A-Za-z0-9_.=/-]+$", "not": {"pattern": "(^|/)\\.{1,2}(/|$)"}}, "instant": {"type":
"string", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{6}Z$"}, "attested": {"type": "object", "required": [
"at", "attested_by"], "additionalProperties": false, "properties": {"at": {"$ref": "#/$defs/instant"}, "attested_by": {"type":
"string"}}}}}}
"""

if __name__ == "__main__":
    sys.exit(main())
