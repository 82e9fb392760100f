# SPDX-License-Identifier: Apache-2.0
"""The text of an NDA, as it is shown and accepted: the file's bytes, and the SHA-256 that an acceptance names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from tieout.errors import ConfigurationError
from tieout.settings import Settings

MAX_BYTES = 100_000
"""Of the file: it is shown whole on one page."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is accepted: a text, and the SHA-256 of the file's bytes. Another byte is another text."""

    text: str = field(repr=False)
    sha256: str


def read_terms(settings: Settings, path: str) -> Terms:
    """Read the text of an NDA.

    Args:
        settings: The installation's.
        path: As the grant names it; a relative one starts at the project's folder.

    Raises:
        ConfigurationError: It is not there, longer than `MAX_BYTES`, empty, or no UTF-8 text.
    """
    file = settings.resolve(path)
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{file}: expected a text file in UTF-8: {type(error).__name__}."
        raise ConfigurationError(msg) from error
    if len(data) > MAX_BYTES or not text.strip():
        msg = f"{file}: expected a text of 1 to {MAX_BYTES} bytes, got {'none' if not text.strip() else 'more'}."
        raise ConfigurationError(msg)
    return Terms(text, hashlib.sha256(data).hexdigest())
