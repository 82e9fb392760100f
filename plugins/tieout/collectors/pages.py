# SPDX-License-Identifier: Apache-2.0
"""Writes one raw page as it streams in: hashed as received, addresses replaced where person ids are on, compressed, hashed."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa

from tieout.collectors.ipe import RawPage, Redaction
from tieout.collectors.redaction import HOW, WHAT, Redactor, redacted
from tieout.errors import ConfigurationError, ContractError, SourceUnavailable
from tieout.files import file_sha256

MAX_PAGE_BYTES = 1024**3
"""One raw page is one put of at most 1 GiB (architecture, section 4)."""
_BLOCK = 1024 * 1024
_GZIP = 16 + zlib.MAX_WBITS


def write_page(
    chunks: Iterator[bytes], target: Path, media_type: str, origin: str, redactor: Redactor | None, *, compress: bool
) -> tuple[RawPage, str | None]:
    """Write one page, and return what it is and what is wrong with it, if anything.

    Args:
        chunks: The page, piece by piece.
        target: File to write, named as in the bucket; where there is a redactor its suffix says how it is stored.
        media_type: Of the page as received.
        origin: What errors call the source.
        redactor: Replaces e-mail addresses; ``None`` keeps the page as it came.
        compress: Whether it comes uncompressed. What comes as gzip is unpacked for the redactor, else stored as it came.

    Raises:
        SourceUnavailable: Reading the source failed.
        ContractError: The stored page would be larger than `MAX_PAGE_BYTES`, or the redactor can not look into it.
    """
    received = _Received()
    unpacked = _Unpacked()
    replacer = redactor.replacer(json="json" in media_type) if redactor else None
    with pa.OSFile(str(target), "wb") as file:
        packs = compress or replacer is not None
        sink = pa.CompressedOutputStream(file, "zstd") if packs else file
        pieces = received.watch(chunks)
        if replacer is not None:
            pieces = redacted(pieces if compress else unpacked.read(pieces), replacer, origin)
        try:
            _write(pieces, sink)
        except OSError as error:
            msg = f"{origin}: reading stopped after {received.bytes} bytes: {error}."
            raise SourceUnavailable(msg) from error
        finally:
            if packs:
                sink.close()
    stored_bytes = target.stat().st_size
    if stored_bytes > MAX_PAGE_BYTES:
        msg = f"{target.name}: expected a page of at most {MAX_PAGE_BYTES} bytes, got {stored_bytes}. Split the export."
        raise ContractError(msg)
    stored = file_sha256(target) if packs else received.sha256
    redactions = () if replacer is None else (Redaction(WHAT, HOW, replacer.count),)
    page = RawPage(target.name, media_type, received.sha256, received.bytes, stored, stored_bytes, redactions)
    return page, unpacked.problem


def stored_suffix(suffix: str, *, compress: bool, redacts: bool) -> str:
    """Return the suffix of a stored page.

    Raises:
        ConfigurationError: It is compressed in a way that the redactor can not look into.
    """
    if compress:
        return f"{suffix}.zst"
    if not redacts:
        return suffix
    if not suffix.endswith(".gz"):
        msg = f"a page of type {suffix!r}: person ids are on, and e-mail addresses are found in .gz and uncompressed pages only."
        raise ConfigurationError(msg)
    return f"{suffix.removesuffix('.gz')}.zst"


def _write(pieces: Iterator[bytes], sink: pa.NativeFile) -> None:
    """Write pieces, each compressed in a thread while the next one is read, hashed and looked through."""
    with ThreadPoolExecutor(1) as pool:
        written: Future[object] | None = None
        for piece in pieces:
            if written is not None:
                written.result()
            written = pool.submit(sink.write, piece)
        if written is not None:
            written.result()


class _Received:
    """Hash and size of what a source gives, taken while it passes."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.bytes = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def watch(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._digest.update(chunk)
            self.bytes += len(chunk)
            yield chunk


class _Unpacked:
    """A gzip stream, unpacked as far as it goes. What is behind a break is still read, for the hash of the whole."""

    def __init__(self) -> None:
        self.problem: str | None = None

    def read(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        member = zlib.decompressobj(_GZIP)
        begun = False
        for chunk in chunks:
            data = chunk
            while data and self.problem is None:
                if not begun and not (data := data.lstrip(b"\0")):  # padding between members
                    break
                begun = True
                try:
                    yield member.decompress(data, _BLOCK)
                except zlib.error as error:
                    self.problem = str(error)
                    break
                data = member.unconsumed_tail
                if member.eof:
                    data, member, begun = member.unused_data, zlib.decompressobj(_GZIP), False
        if begun and self.problem is None:
            self.problem = "it ends before its end mark"
