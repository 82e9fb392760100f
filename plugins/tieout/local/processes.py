# SPDX-License-Identifier: Apache-2.0
"""Starts servers in sessions of their own, and stops all that ever came out of them.

Airflow's tasks run in process groups of their own and outlive a TERM to their parent, so stopping means: TERM to the whole
session, wait, then KILL what is left of it (trap T10). What runs is written down, so that a later command can stop it too.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tieout.errors import ConfigurationError

_TERM_SECONDS = 15.0
_KILL_SECONDS = 5.0
_POLL_SECONDS = 0.1


class Processes:
    """The servers of one installation, remembered in a file.

    A session is remembered with the start time of its leader: a process id that the system has since given to somebody else
    is left alone.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "run.json"
        self._logs = folder / "logs"
        self._children: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, command: list[str], environment: Mapping[str, str], folder: Path) -> subprocess.Popen[bytes]:
        """Start a server in a session of its own; what it prints goes to ``logs/<name>.log``."""
        self._logs.mkdir(parents=True, exist_ok=True)
        with (self._logs / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(
                command,
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                umask=0o077,
            )
        self._children.append(child)
        running = self._remembered()
        running.append({"name": name, "session": child.pid, "started": _started(child.pid)})
        self._write(running)
        return child

    def running(self) -> list[str]:
        """Return the names of the servers that still run."""
        return [str(entry["name"]) for entry in self._remembered() if _members(entry)]

    def log(self, name: str) -> Path:
        """Return where a server's log stands."""
        return self._logs / f"{name}.log"

    def stop(self) -> None:
        """Stop everything that was started and is remembered, children and their children, last started first."""
        for entry in reversed(self._remembered()):
            _stop_session(entry)
        for child in self._children:
            child.wait(timeout=_KILL_SECONDS)
        self._children.clear()
        self._file.unlink(missing_ok=True)

    def kill(self, name: str) -> None:
        """End a server and all that came out of it at once, as a machine that loses its power does."""
        for entry in [entry for entry in self._remembered() if entry["name"] == name]:
            while members := _members(entry):
                for pid in members:
                    _signal(pid, signal.SIGKILL)
            self._write([other for other in self._remembered() if other != entry])

    def _remembered(self) -> list[dict[str, object]]:
        if not self._file.exists():
            return []
        entries: list[dict[str, object]] = json.loads(self._file.read_text())
        return entries

    def _write(self, entries: list[dict[str, object]]) -> None:
        temporary = self._file.with_suffix(".new")
        temporary.write_text(json.dumps(entries))
        temporary.replace(self._file)


def _started(pid: int) -> float | None:
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def _members(entry: Mapping[str, object]) -> list[int]:
    """Return the living processes of a remembered session."""
    import psutil

    session, started = int(str(entry["session"])), entry["started"]
    members = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) != session or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if started is not None and process.create_time() < float(str(started)) - 1:
                return []  # older than our leader: the session id was handed out again
            members.append(process.pid)
        except (OSError, psutil.Error):
            continue
    return members


def _stop_session(entry: Mapping[str, object]) -> None:
    for number, seconds in ((signal.SIGTERM, _TERM_SECONDS), (signal.SIGKILL, _KILL_SECONDS)):
        deadline = time.monotonic() + seconds
        for pid in _members(entry):
            _signal(pid, number)
        while _members(entry):
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
        else:
            return
    msg = f"{entry['name']}: processes {_members(entry)} survived KILL."
    raise ConfigurationError(msg)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
