# SPDX-License-Identifier: Apache-2.0
"""One HTTP POST to a service outside, bounded in time and size, that follows no redirect.

An address may hold a secret (an incoming webhook is one): errors name its host, and nothing else of it.
"""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from urllib.parse import SplitResult, urlsplit

from tieout.errors import ConfigurationError, SourceUnavailable

TIMEOUT_SECONDS = 15.0
"""For connecting, for each wait, and about for the whole answer."""
MAX_ANSWER_BYTES = 256 * 1024
_BLOCK = 16 * 1024
_TRY_AGAIN = (408, 425, 429)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would send what we post to an address that nobody configured."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing: the redirect itself is the answer, an error."""


def post(url: str, body: bytes, headers: dict[str, str], what: str, timeout: float = TIMEOUT_SECONDS) -> bytes:
    """Post a body once, and return the answer. Trying again is for the caller.

    Args:
        url: ``http`` or ``https``; proxies are taken from the environment.
        body: What is posted.
        headers: With the content type.
        what: What an error calls the service.
        timeout: Seconds.

    Raises:
        ConfigurationError: The address is none, or the service refuses for good.
        SourceUnavailable: It did not answer in time, or with an error that may pass; or its answer is too large.
    """
    where = f"{what} at {split_address(url, ('http', 'https'), what).hostname}"
    opener = urllib.request.build_opener(_NoRedirect())
    deadline = time.monotonic() + timeout
    try:
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310  # scheme checked above
        with opener.open(request, timeout=timeout) as answer:
            return _read(answer, deadline, where)
    except urllib.error.HTTPError as error:
        error.close()
        raise _refused(error.code, where) from None  # the error holds the address
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None)
        name = type(reason if isinstance(reason, BaseException) else error).__name__
        msg = f"{where}: it did not answer ({name})."
        raise SourceUnavailable(msg) from None


def split_address(url: str, schemes: tuple[str, ...], what: str) -> SplitResult:
    """Return the parts of an address.

    Raises:
        ConfigurationError: It has another scheme, no host or no port that is one. The message does not show it.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        usable = usable and url.isascii() and url.isprintable() and " " not in url
    except ValueError:
        usable = False
    if not usable:
        msg = f"{what}: expected an address that starts with {' or '.join(f'{scheme}://' for scheme in schemes)} and a host."
        raise ConfigurationError(msg)
    return parts


def _read(answer: http.client.HTTPResponse, deadline: float, where: str) -> bytes:
    data = bytearray()
    while block := answer.read1(_BLOCK):
        data += block
        if len(data) > MAX_ANSWER_BYTES:
            msg = f"{where}: expected an answer of at most {MAX_ANSWER_BYTES} bytes."
            raise SourceUnavailable(msg)
        if time.monotonic() > deadline:
            msg = f"{where}: its answer did not end in time."
            raise SourceUnavailable(msg)
    return bytes(data)


def _refused(status: int, where: str) -> ConfigurationError | SourceUnavailable:
    if status >= 500 or status in _TRY_AGAIN:
        return SourceUnavailable(f"{where}: it answered with status {status}.")
    what_next = "It sends elsewhere: configure that address" if 300 <= status < 400 else "Check the address"
    return ConfigurationError(f"{where}: it refused with status {status}. {what_next}.")
