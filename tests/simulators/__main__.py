# SPDX-License-Identifier: Apache-2.0
"""Runs the made-up company's APIs until it is told to stop: ``python -m tests.simulators FILE``, ``--aws`` its AWS account too.

FILE then says where they are, as Airflow Connections, and what is wrong in the company: see `tieout.local.company`. With
``--app URL``, where Tieout takes what is clicked in Slack, there is a workspace as well; with ``--answer FILE`` its people answer
the review of access, acknowledge policies and fill in forms on Airflow's pages, and that file says what they did; PASSWORDS are
those of Airflow's users.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.simulators.company import PERIOD, Company
from tests.simulators.known import known_faults
from tests.simulators.services import apis, connection
from tests.simulators.vendor import serving


def main() -> None:
    """Serve, and write the file once everything answers."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulators")
    parser.add_argument("file", type=Path)
    for name, count in (("people", 240), ("changes", 600), ("pages", 400)):
        parser.add_argument(f"--{name}", type=int, default=count)
    parser.add_argument("--aws", action="store_true")
    parser.add_argument("--app")
    parser.add_argument("--answer", type=Path)
    parser.add_argument("--passwords", type=Path)
    given = parser.parse_args()
    company = Company(*PERIOD, people=given.people, changes=given.changes, pages=given.pages)
    with ExitStack() as stack:
        connections = {}
        for name, api in apis(company).items():
            server = stack.enter_context(serving(api))
            server.record = False
            connections[name] = connection(name, server.url)
        if given.aws:
            connections["aws"] = _aws(stack, company)
        said: dict[str, Any] = {"connections": connections, "faults": [each.as_document() for each in known_faults(company)]}
        if given.app:
            said |= _slack(stack, connections, given)
        _write(given.file, json.dumps(said, indent=1))
        signal.sigwait(_STOPS)


def _aws(stack: ExitStack, company: Company) -> dict[str, Any]:
    """Run the account, with as many findings and alarms as a tenth of its changes, and return the connection to it."""
    from tests.simulators.aws import running_aws  # moto takes seconds to import
    from tests.simulators.aws_things import HOME

    _, _, server = stack.enter_context(running_aws(company, alerts=company.changes // 10, alarms=company.changes // 10))
    server.record = False
    extra = {"endpoint_url": server.url, "region_name": HOME}
    return {"conn_type": "aws", "login": "test", "password": "test", "extra": extra}


def _slack(stack: ExitStack, connections: dict[str, Any], given: argparse.Namespace) -> dict[str, Any]:
    """Run the workspace, whose people answer where they are asked to, and return what is known of what they are asked."""
    from tests.simulators.confirmations import plan as confirmations
    from tests.simulators.confirmations.people import Owners
    from tests.simulators.mailbox import running_mailbox
    from tests.simulators.policies import plan as policies
    from tests.simulators.policies.people import Crowd
    from tests.simulators.policies.roster import accounts_in_slack as crowd_in_slack
    from tests.simulators.review import plan
    from tests.simulators.review.people import Cast
    from tests.simulators.review.staff import LEADS, accounts_in_slack, mail
    from tests.simulators.slack import SIGNING_SECRET, TEAM, TOKEN, Slack

    slack = stack.enter_context(Slack([*accounts_in_slack(), *crowd_in_slack()]))
    mailbox = stack.enter_context(running_mailbox())
    plain = {"from_email": "tieout@example.com", "disable_ssl": True, "disable_tls": True}
    connections["mail"] = {"conn_type": "smtp", "host": "127.0.0.1", "port": mailbox.port, "extra": plain}
    extra = {"team": TEAM, "signing_secret": SIGNING_SECRET, "base_url": slack.base_url}
    connections["slack"] = {"conn_type": "slack", "password": TOKEN, "extra": extra}
    app: str = given.app
    answer: Path | None = given.answer
    if answer is not None:
        done: dict[str, Any] = {}
        lock = threading.Lock()

        def tell(what: str, said: Any) -> None:
            with lock:
                done[what] = said.as_document()
                _write(answer, json.dumps(done, indent=1))

        cast = Cast(slack, app, lambda said: tell("review", said))
        cast.start()
        Crowd(slack, mailbox, app, cast.is_done, lambda said: tell("acknowledgments", said)).start()
        if given.passwords is not None:
            url = app.partition("/tieout/")[0]
            Owners(url, given.passwords, lambda said: tell("confirmations", said)).start()
    return {
        "review": plan.as_document(),
        "acknowledgments": policies.as_document(),
        "confirmations": confirmations.as_document(),
        "people": [mail(name) for name in LEADS],
    }


def _write(file: Path, text: str) -> None:
    """Write a file with secrets, whole or not at all."""
    temporary = file.with_suffix(".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
        target.write(text)
    temporary.replace(file)


_STOPS = {signal.SIGTERM, signal.SIGINT}

if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)  # before there are threads, which would else take them
    main()
