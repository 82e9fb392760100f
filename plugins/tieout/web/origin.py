# SPDX-License-Identifier: Apache-2.0
"""Whether a request comes from a page of this site. Pure.

1. A browser that sends ``Sec-Fetch-Site`` says it: ``same-origin``, and no page can make it say so.
2. One that does not (an old one, or any over plain HTTP) sends ``Origin`` with a POST: it is ours.
3. Neither of them, one of them twice, or any other value: no.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing here."""
_PORTS = {"http": 80, "https": 443}


def is_same_origin(headers: Iterable[tuple[bytes, bytes]], ours: Iterable[str]) -> bool:
    """Return whether a page of ours sent a request.

    Args:
        headers: Of the request, as they came; names in lower case.
        ours: Origins of this site, like ``https://airflow.example.com``.
    """
    said = [(name, value) for name, value in headers if name in (b"sec-fetch-site", b"origin")]
    sites = [value for name, value in said if name == b"sec-fetch-site"]
    origins = [value for name, value in said if name == b"origin"]
    if len(sites) > 1 or len(origins) > 1:
        return False
    if sites:
        return sites[0] == b"same-origin"
    return bool(origins) and origins[0].decode("latin-1") in {origin for each in ours if (origin := origin_of(each))}


def origin_of(url: str) -> str | None:
    """Return the origin of an address as browsers write it; ``None`` where it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port in (None, _PORTS[parts.scheme]) else f":{port}")
