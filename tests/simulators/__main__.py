# SPDX-License-Identifier: Apache-2.0
"""Runs the made-up company's APIs until it is told to stop: ``python -m tests.simulators FILE``.

FILE then says where they are, as Airflow Connections, and what is wrong in the company: see `tieout.local.company`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.simulators.company import demo_company
from tests.simulators.known import known_faults
from tests.simulators.services import apis, connection
from tests.simulators.vendor import serving


def main(file: Path) -> None:
    """Serve, and write the file once everything answers."""
    company = demo_company()
    with ExitStack() as stack:
        connections = {}
        for name, api in apis(company).items():
            server = stack.enter_context(serving(api))
            server.record = False
            connections[name] = connection(name, server.url)
        said = {"connections": connections, "faults": [each.as_document() for each in known_faults(company)]}
        temporary = file.with_suffix(".new")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
            json.dump(said, target, indent=1)
        temporary.replace(file)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main(Path(sys.argv[1]))
