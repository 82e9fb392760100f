# SPDX-License-Identifier: Apache-2.0
"""S3 in memory for unit tests: moto's, with what threads rely on in a store, and without what makes it slow.

A conditional put of moto's looks, and then puts: two threads may both find nothing. A store does that in one step, so that here
one request is answered at a time. Each listing of moto's copies every version in the bucket, content included; here nothing is
copied, as nobody changes what was listed.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

import moto.s3.models
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

_ONE_AT_A_TIME = threading.RLock()
_answer = BotocoreStubber.process_request


def _in_turn(stubber: BotocoreStubber, request: Any) -> Any:
    with _ONE_AT_A_TIME:
        return _answer(stubber, request)


@contextmanager
def memory_s3() -> Iterator[None]:
    """Answer every client of this process from memory."""
    uncopied = SimpleNamespace(copy=copy.copy, deepcopy=lambda versions: versions)
    with (
        mock.patch.object(moto.s3.models, "copy", uncopied),
        mock.patch.object(BotocoreStubber, "process_request", _in_turn),
        mock_aws(),
    ):
        yield
