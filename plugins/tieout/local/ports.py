# SPDX-License-Identifier: Apache-2.0
"""Free ports on loopback."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable

from tieout.errors import ConfigurationError

_GRPC_OFFSET = 10_000
"""SeaweedFS serves gRPC at each of its ports plus this."""
_TRIES = 200
_FIRST, _EPHEMERAL = 18_000, 32_768
"""From here, and below what Linux hands out to clients (``ip_local_port_range``): such a port is free when it is looked at, and
somebody's connection a moment later."""


def is_free(port: int) -> bool:
    """Whether nothing listens on a port of the loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def all_free(ports: Iterable[int]) -> bool:
    """Whether nothing listens on any of the ports."""
    return all(is_free(port) for port in ports)


def store_ports(base: int) -> list[int]:
    """Return every port that an object store with this S3 port uses."""
    return [base + offset + grpc for offset in range(5) for grpc in (0, _GRPC_OFFSET)]


def find(count: int) -> int:
    """Return the first of ``count`` free ports in a row.

    Raises:
        ConfigurationError: None was found in `_TRIES` random places.
    """
    for _ in range(_TRIES):
        base = random.randrange(_FIRST, _EPHEMERAL - count)  # noqa: S311
        if all_free(range(base, base + count)):
            return base
    msg = f"no {count} free ports in a row found between {_FIRST} and {_EPHEMERAL} on 127.0.0.1."
    raise ConfigurationError(msg)


def find_store() -> int:
    """Return a base port for an object store.

    Raises:
        ConfigurationError: None was found in `_TRIES` random places.
    """
    for _ in range(_TRIES):
        base = random.randrange(_FIRST, _EPHEMERAL - max(store_ports(0)))  # noqa: S311
        if all_free(store_ports(base)):
            return base
    msg = f"no free ports for the object store found between {_FIRST} and {_EPHEMERAL} on 127.0.0.1."
    raise ConfigurationError(msg)
