# SPDX-License-Identifier: Apache-2.0
"""Ports that are looked for are free, and stay so: none of them is one that the system hands out to clients."""

from __future__ import annotations

import socket

from tieout.local import ports

EPHEMERAL = 32_768
"""The first port that Linux hands out by default."""


def test_no_port_of_an_object_store_is_one_that_a_client_may_get() -> None:
    bases = {ports.find_store() for _ in range(50)}
    assert len(bases) > 1
    assert max(port for base in bases for port in ports.store_ports(base)) < EPHEMERAL
    assert max(base + 2 for base in {ports.find(3) for _ in range(50)}) < EPHEMERAL


def test_a_port_that_something_listens_on_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not ports.is_free(port)
        assert not ports.all_free([port])
