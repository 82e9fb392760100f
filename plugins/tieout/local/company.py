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


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that the evidence of a review of access has to show.

    Attributes:
        what: In words.
        control: The control that it counts against.
        rule: The rule of the review's contract.
        result: What that comes to: not met, not determinable, met.
        row: System, account and entitlement.
    """

    what: str
    control: str
    rule: str
    result: str
    row: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class KnownReview:
    """What is known of the company's review of access.

    Attributes:
        control: The control.
        window: The window.
        signer: Address of who signs it off.
        rows: Address of who decides, and the decision, by system, account and entitlement.
        cases: All that no rule meets, or can tell.
        own: What its holder tries to decide.
    """

    control: str
    window: str
    signer: str
    rows: dict[tuple[str, str, str], tuple[str, str]]
    cases: tuple[Case, ...]
    own: Case


@dataclass(frozen=True, slots=True)
class KnownCampaign:
    """What is known of the company's acknowledgment campaign.

    Attributes:
        control: The control.
        window: The window.
        figures: What it comes to, in numbers.
        rows: By address and policy: whether somebody is asked, or why not; what comes of it; and whether that is in time.
    """

    control: str
    window: str
    figures: dict[str, int]
    rows: dict[tuple[str, str], tuple[str, str, bool | None]]


@dataclass(frozen=True, slots=True)
class KnownConfirmation:
    """What is known of one of the company's confirmations.

    Attributes:
        control: The control.
        window: The window.
        owner: Address of who hands the form in.
        looker: Address of who looks at it.
        returns: How often it is returned with a question.
        files: SHA-256 of what is attached in the end, sorted.
        uncovered: Days of the period that nothing covers; ``None`` where the form asks for no coverage.
    """

    control: str
    window: str
    owner: str
    looker: str
    returns: int
    files: list[str]
    uncovered: str | None


class Company:
    """The company of one installation.

    Args:
        installation: The installation; the company's addresses stand in its folder.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._file = installation.folder / "company.json"
        self._answers = installation.folder / "company_answers.json"

    @property
    def is_there(self) -> bool:
        """Whether this project has the simulators: a copy without tests has none."""
        return (self._installation.home / "tests" / "simulators" / "__main__.py").exists()

    def start(self, processes: Processes, *, answering: bool = False) -> None:
        """Start the APIs, Slack's among them, and write ``company.env`` with their connections.

        Args:
            processes: Starts them.
            answering: Whether its people answer what they are asked in Slack.

        Raises:
            SourceUnavailable: They did not start within 30 s; the message names the log.
        """
        for path in (self._file, self._answers):
            path.unlink(missing_ok=True)
        app = f"http://127.0.0.1:{self._installation.airflow_port}/tieout/slack/events"
        command = [sys.executable, "-m", MODULE, str(self._file), "--app", app]
        if answering:
            passwords = self._installation.folder / "airflow" / "passwords.json"
            command += ["--answer", str(self._answers), "--passwords", str(passwords)]
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

    def settings(self) -> dict[str, str]:
        """Return what an installation needs to ask the company's people, in Slack and by mail, as environment variables."""
        return {
            "TIEOUT_SLACK_CONN_ID": "slack",
            "TIEOUT_MAIL_CONN_ID": "mail",
            "TIEOUT_PAGES_URL": f"http://127.0.0.1:{self._installation.airflow_port}",
        }

    def people(self) -> list[str]:
        """Return the addresses of those who are asked anything."""
        return list(self._read()["people"])

    def review(self) -> KnownReview:
        """Return what is known of its review of access."""
        return known_review(self._read()["review"])

    def campaign(self) -> KnownCampaign:
        """Return what is known of its acknowledgment campaign."""
        said = self._read()["acknowledgments"]
        rows = {(each["person"], each["policy"]): (each["status"], *each["outcome"]) for each in said["rows"]}
        return KnownCampaign(said["control"], said["window"], said["figures"], rows)

    def confirmations(self) -> list[KnownConfirmation]:
        """Return what is known of its confirmations."""
        return [KnownConfirmation(**each) for each in self._read()["confirmations"]]

    def answers(self, processes: Processes) -> dict[str, Any] | None:
        """Return what its people did in Slack, once the review is signed off there; of the campaign, under ``acknowledgments``.

        Raises:
            SourceUnavailable: Somebody could not go on; the message says who and why.
        """
        done: dict[str, Any] = json.loads(self._answers.read_text()) if self._answers.exists() else {}
        for said in done.values():
            if failed := said.get("failed"):
                msg = f"the made-up company's people could not answer: {failed}. Its log: {processes.log(NAME)}"
                raise SourceUnavailable(msg)
        review: dict[str, Any] = done.get("review", {})
        return {**review, "acknowledgments": done.get("acknowledgments")} if review.get("signed_off") else None

    def faults(self) -> list[Fault]:
        """Return everything that is known to be wrong."""
        return [
            Fault(each["what"], each["control"], each["rule"], tuple(sorted(each["row"].items())))
            for each in self._read()["faults"]
        ]

    def _read(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self._file.read_text())
        return said


def known_review(said: dict[str, Any]) -> KnownReview:
    """Return what is known of a review, as the company's file states it."""
    rows = {tuple(each["row"]): (each["reviewer"], each["decision"]) for each in said["rows"]}
    cases = tuple(_case(each) for each in said["cases"])
    return KnownReview(said["control"], said["window"], said["signer"], rows, cases, _case(said["own"]))


def _case(said: dict[str, Any]) -> Case:
    return Case(said["what"], said["control"], said["rule"], said["result"], tuple(said["row"]))
