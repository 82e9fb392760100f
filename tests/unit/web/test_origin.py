# SPDX-License-Identifier: Apache-2.0
"""Origins as browsers write them."""

from __future__ import annotations

import pytest

from tieout.web.origin import is_same_origin, origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://airflow.example.com", "https://airflow.example.com"),
        ("https://Airflow.Example.com:443/path/?q#f", "https://airflow.example.com"),
        ("http://airflow.example.com:80/", "http://airflow.example.com"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("https://ada@airflow.example.com/", "https://airflow.example.com"),
        ("ftp://airflow.example.com", None),
        ("javascript:alert(1)", None),
        ("http://:8080", None),
        ("http://airflow.example.com:x", None),
        ("http://[", None),
        ("null", None),
        ("", None),
    ],
)
def test_an_address_has_the_origin_that_browsers_send(url: str, origin: str | None) -> None:
    assert origin_of(url) == origin


def test_airflows_own_address_counts_where_a_proxy_hides_it() -> None:
    headers = [(b"host", b"10.0.0.7:8080"), (b"origin", b"https://airflow.example.com")]
    assert is_same_origin(headers, ("https://airflow.example.com/deep/", "http://10.0.0.7:8080"))
    assert not is_same_origin(headers, ("http://10.0.0.7:8080",))


@pytest.mark.parametrize("headers", [[], [(b"origin", b"")], [(b"origin", b"null")], [(b"origin", b"\xff")]])
def test_what_says_nothing_is_not_from_here(headers: list[tuple[bytes, bytes]]) -> None:
    assert not is_same_origin(headers, ("null", "", "https://airflow.example.com"))
