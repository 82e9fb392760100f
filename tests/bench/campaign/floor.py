# SPDX-License-Identifier: Apache-2.0
"""The floor: what a page costs at the least, and nothing else: ``python -m tests.bench.campaign.floor HOME SECONDS``.

A page is two locked objects: what was shown, and the response that names it. Here as many processes put two of their sizes as
answer in Slack, with botocore alone; how many pages that makes is printed.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.conftest import REPOSITORY
from tieout.evidence.layout import RESPONSES
from tieout.evidence.store import Retention, S3Store
from tieout.local.installation import EVIDENCE_BUCKET, Installation
from tieout.local.object_store import client_for

SIZES = (9_000, 4_000)
"""Bytes of what was shown of a page of twelve items, and of the response to it."""
_THREADS = 6


def pages_per_second(home: Path, processes: int, seconds: float) -> float:
    """Return how many pages some processes put in a second, all of them together."""
    command = [sys.executable, "-m", "tests.bench.campaign.floor", str(home), str(seconds)]
    running = [subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    return sum(int(each.communicate(timeout=seconds + 60)[0]) for each in running) / seconds


def put_pages(home: Path, seconds: float) -> int:
    """Put pages for a while, and return how many that were."""
    store = S3Store(client_for(Installation(home), "responder"), EVIDENCE_BUCKET)
    retention = Retention("COMPLIANCE", datetime.now(UTC) + timedelta(days=30), "AES256", "")
    documents = [(data, hashlib.sha256(data).hexdigest()) for data in (b"x" * size for size in SIZES)]
    until = time.monotonic() + seconds

    def work(_: int) -> int:
        count = 0
        while time.monotonic() < until:
            name = uuid.uuid4().hex
            for number, (data, sha256) in enumerate(documents):
                store.put_locked(f"{RESPONSES}floor/{name}-{number}.json", data, sha256, retention)
            count += 1
        return count

    with ThreadPoolExecutor(_THREADS) as pool:
        return sum(pool.map(work, range(_THREADS)))


if __name__ == "__main__":
    print(put_pages(Path(sys.argv[1]), float(sys.argv[2])))
