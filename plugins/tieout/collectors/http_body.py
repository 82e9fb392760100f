# SPDX-License-Identifier: Apache-2.0
"""Reads the body of an HTTP answer within a bound; what came of one that broke off is not lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tieout.collectors.http_address import without_query
from tieout.errors import ContractError

if TYPE_CHECKING:
    import requests

MAX_ANSWER_BYTES = 64 * 1024 * 1024


def read_body(response: requests.Response, pieces: list[bytes]) -> bytes:
    """Read an answer's body, piece by piece into ``pieces``.

    Raises:
        ContractError: It is larger than `MAX_ANSWER_BYTES`.
    """
    size = 0
    while piece := response.raw.read1(1024 * 1024, decode_content=True):  # gives what is there, also before a break
        pieces.append(piece)
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            response.close()
            msg = f"{without_query(response.url)}: expected at most {MAX_ANSWER_BYTES} bytes, got more. Ask for smaller pages."
            raise ContractError(msg)
    return b"".join(pieces)
