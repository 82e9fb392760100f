# SPDX-License-Identifier: Apache-2.0
"""The workspace, in a process of its own: ``python -m tests.bench.acknowledgments.workspace FILE COUNT CLOCK``.

FILE then says where its Web API is. Its limits are those of Slack's tiers, counted by the seconds that stand in the file CLOCK,
as a double: whoever waits for the pace has waited at once. A line on its standard input names a file that gets what was called
so far. It ends with its standard input.
"""

from __future__ import annotations

import json
import mmap
import struct
import sys
from pathlib import Path

from tests.bench.acknowledgments.people import accounts
from tests.bench.campaign.workspace import write
from tests.simulators.slack import Slack
from tieout.slack.pacing import METHODS


def main() -> None:
    """Serve."""
    said, count, clock = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    with clock.open("r+b") as file, mmap.mmap(file.fileno(), 8) as shared, Slack(accounts(count)) as slack:
        slack.keeps = False
        slack.clock = lambda: float(struct.unpack_from("d", shared)[0])
        # Slack takes short bursts beyond a tier; ours are of six seconds (`tieout.slack.pacing.Pace`).
        slack.limits = {name: method.per_minute + method.per_minute // 10 + 1 for name, method in METHODS.items()}
        write(said, {"url": slack.base_url})
        for line in sys.stdin:
            told = list(slack.told.values())
            found = {"people": len(told), "twice": sum(each > 1 for each in told), "messages": sum(told)}
            write(Path(json.loads(line)["file"]), {**found, "called": dict(slack.called), "wrong": slack.wrong[:5]})


if __name__ == "__main__":
    main()
