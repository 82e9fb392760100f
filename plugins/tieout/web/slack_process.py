# SPDX-License-Identifier: Apache-2.0
"""``python -m tieout.web.slack_process``: a process beside the api-server that answers what Slack sends, and nothing else.

It takes its settings and connections as the api-server does, and holds campaigns of its own, as any worker of it.
"""

from __future__ import annotations

import os
import signal
import sys

_NICE = 10
"""Airflow's pages go first where the machine has no more to give."""
_END_SECONDS = 5
"""How long receipts that wait may take to be sent at the end."""


def main() -> None:
    """Answer requests until there are no more.

    Raises:
        ConfigurationError: Something is absent that answers need; the api-server has said so at its start.
    """
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")  # connections come from the database too
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with its input
    os.nice(_NICE)
    from tieout.slack.processes import own_output, serve

    answers = own_output()  # before anything is imported that may print
    from tieout.desks.warming import warm_up
    from tieout.flows.campaign_people import person_of
    from tieout.settings import from_environment
    from tieout.slack.app import handler, late
    from tieout.slack.endpoint import Threads, build_front
    from tieout.web.connections import desk_of, slack_workspace

    settings = from_environment()
    desk = desk_of(settings)
    front = build_front(slack_workspace(settings), desk, person_of(settings), processes=settings.slack_processes)
    warm_up(lambda: desk)
    serve(Threads(handler(front)), late, sys.stdin.buffer, answers)
    for lane in (front.receipts, front.updates):
        lane.drain(_END_SECONDS)
        lane.close()


if __name__ == "__main__":
    main()
