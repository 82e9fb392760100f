# SPDX-License-Identifier: Apache-2.0
"""The documents of policies, each to the byte as it was approved: read from the project, or fetched from where people read it.

A document whose hash is another than that of the version is another text: nobody is asked to acknowledge it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tieout.criteria.policies import Policy, PolicyVersion
from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.files import file_sha256
from tieout.flows.written_pages import WrittenPage, written
from tieout.settings import Settings

MAX_BYTES = 50_000_000
"""Of one document."""
SECONDS = 30.0
"""How long a host may take to answer, and between two pieces of its answer."""
REDIRECTS = 5
_BLOCK = 1 << 16


def policy_pages(
    settings: Settings, in_force: Mapping[str, tuple[Policy, PolicyVersion]], folder: Path
) -> tuple[WrittenPage, ...]:
    """Put the documents of some policies into a folder, in order, as pages that land.

    Args:
        settings: The installation's.
        in_force: Policies by id, each with the version.
        folder: Where.

    Raises:
        ConfigurationError: A document is not there, is too large, or another one than was approved.
        SourceUnavailable: A host did not answer; run it again.
    """
    return tuple(_pages(settings, in_force, folder))


def _pages(settings: Settings, in_force: Mapping[str, tuple[Policy, PolicyVersion]], folder: Path) -> Iterator[WrittenPage]:
    for number, (name, (_, version)) in enumerate(in_force.items()):
        source = version.path or urlsplit(version.link).path
        path = folder / f"page-{number:05}{_suffix(source)}"
        if version.path is None:
            fetch(version.link, path, name)
        else:
            check_document(settings, name, version)
            shutil.copyfile(settings.resolve(version.path), path)
        _require(file_sha256(path), name, version, version.path or version.link)
        yield written(path, f"policy {name}, version {version.version}, as it was approved")


def check_document(settings: Settings, name: str, version: PolicyVersion) -> None:
    """Check the document of a version that stands in the project.

    Raises:
        ConfigurationError: It is not there, is too large, or another one than was approved.
    """
    if version.path is None:
        return
    path = settings.resolve(version.path)
    if not path.is_file():
        msg = f"policy {name!r}, version {version.version}: there is no file {version.path}."
        raise ConfigurationError(msg)
    if path.stat().st_size > MAX_BYTES:
        msg = f"policy {name!r}, version {version.version}: {version.path} has more than {MAX_BYTES} bytes."
        raise ConfigurationError(msg)
    _require(file_sha256(path), name, version, version.path)


def _require(found: str, name: str, version: PolicyVersion, where: str) -> None:
    if found != version.sha256:
        msg = (
            f"policy {name!r}, version {version.version}: {where} has the SHA-256 {found}, and {version.sha256} was approved. "
            "Another text is another version: add one, or put the approved document back."
        )
        raise ConfigurationError(msg)


def fetch(link: str, path: Path, name: str) -> None:
    """Fetch a document into a file: over https alone, through at most `REDIRECTS` redirections, at most `MAX_BYTES`.

    Raises:
        ConfigurationError: The host refuses it, leads elsewhere than to https, or gives too much.
        SourceUnavailable: It did not answer; run it again.
    """
    import requests

    try:
        for _ in range(REDIRECTS + 1):
            with requests.get(link, stream=True, timeout=SECONDS, allow_redirects=False) as answer:
                if answer.is_redirect:
                    link = requests.compat.urljoin(link, answer.headers["Location"])
                    if urlsplit(link).scheme != "https":
                        raise ConfigurationError(f"policy {name!r}: its link leads to an address that is not https.")
                    continue
                _taken(answer.status_code, name)
                _write(answer.iter_content(_BLOCK), path, name)
                return
    except requests.RequestException as error:
        msg = f"policy {name!r}: its document could not be fetched ({type(error).__name__}). Run it again."
        raise SourceUnavailable(msg) from error
    raise ConfigurationError(f"policy {name!r}: its link leads on more than {REDIRECTS} times.")


def _taken(status: int, name: str) -> None:
    if status == 429 or status >= 500:
        raise SourceUnavailable(f"policy {name!r}: its document could not be fetched (HTTP {status}). Run it again.")
    if status != 200:
        msg = (
            f"policy {name!r}: expected its document at its link, got HTTP {status}. Where people have to sign in to read it, "
            "name the file in the project as path."
        )
        raise ConfigurationError(msg)


def _write(chunks: Iterator[bytes], path: Path, name: str) -> None:
    left = MAX_BYTES
    with path.open("wb") as file:
        for chunk in chunks:
            left -= len(chunk)
            if left < 0:
                raise ConfigurationError(f"policy {name!r}: expected a document of at most {MAX_BYTES} bytes, got a larger one.")
            file.write(chunk)


def _suffix(source: str) -> str:
    found = Path(source).suffix.lower()
    return found if found in (".md", ".pdf", ".txt", ".html") else ".bin"
