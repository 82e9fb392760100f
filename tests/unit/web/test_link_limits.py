# SPDX-License-Identifier: Apache-2.0
"""How often personal links may be tried: what counts as one address."""

from __future__ import annotations

import pytest

from tieout.web.link_limits import BY_ADDRESS, Limits, source_of


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_address_counts_by_what_its_owner_has(address: str, counted: str) -> None:
    assert source_of(address) == counted


def test_another_address_of_the_same_network_has_no_tries_of_its_own() -> None:
    limits = Limits()
    waits = [limits.wait(f"2001:db8::{number:x}") for number in range(BY_ADDRESS.amount + 1)]
    assert waits[:-1] == [None] * BY_ADDRESS.amount
    assert waits[-1] is not None
    assert limits.wait("2001:db8:0:1::1") is None
