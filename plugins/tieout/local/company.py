# SPDX-License-Identifier: Apache-2.0
"""The made-up company of the embedded installation: its vendors' APIs on loopback, and what is known to be wrong in it.

The APIs are the simulators of this repository's tests, in a process of their own. It writes down where they are, and which faults
the company has; whoever shows what landed holds the one against the other.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from typing import Any

from tieout.errors import SourceUnavailable
from tieout.local.installation import Installation, write_private
from tieout.local.processes import Processes

MODULE = "tests.simulators"
NAME = "company"
_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in the company, where the evidence has to show it.

    Attributes:
        what: In words.
        control: The control that it counts against.
        rule: The rule of its contract that is not met.
        row: Columns of the row's key, the system apart.
    """

    what: str
    control: str
    rule: str
    row: tuple[tuple[str, str], ...]


class Company:
    """The company of one installation.

    Args:
        installation: The installation; the company's addresses stand in its folder.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._file = installation.folder / "company.json"

    @property
    def is_there(self) -> bool:
        """Whether this project has the simulators: a copy without tests has none."""
        return (self._installation.home / "tests" / "simulators" / "__main__.py").exists()

    def start(self, processes: Processes) -> None:
        """Start the APIs, and write ``company.env`` with their connections.

        Raises:
            SourceUnavailable: They did not start within 30 s; the message names the log.
        """
        self._file.unlink(missing_ok=True)
        command = [sys.executable, "-m", MODULE, str(self._file)]
        process = processes.start(NAME, command, os.environ, self._installation.home)
        deadline = time.monotonic() + _SECONDS
        while not self._file.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                msg = f"the made-up company's APIs did not start. Their log: {processes.log(NAME)}"
                raise SourceUnavailable(msg)
            time.sleep(0.05)
        lines = (f"export {name}='{value}'\n" for name, value in self.connections().items())
        write_private(self._installation.folder / "company.env", "".join(lines))

    def connections(self) -> dict[str, str]:
        """Return the Airflow Connections of the APIs, as variables of the environment."""
        return {f"AIRFLOW_CONN_{name.upper()}": json.dumps(said) for name, said in self._read()["connections"].items()}

    def faults(self) -> list[Fault]:
        """Return everything that is known to be wrong."""
        return [
            Fault(each["what"], each["control"], each["rule"], tuple(sorted(each["row"].items())))
            for each in self._read()["faults"]
        ]

    def _read(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self._file.read_text())
        return said
