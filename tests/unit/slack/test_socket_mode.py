# SPDX-License-Identifier: Apache-2.0
"""Socket Mode: the same listeners over a real connection; what is stored says that no signature was checked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from click.testing import CliRunner
from tests.simulators.slack import APP_TOKEN, TEAM, TOKEN, payloads
from tests.simulators.slack.members import dm_of
from tests.simulators.slack.socket_mode import SocketMode, socket_mode
from tests.unit.slack.scene import Scene, everything_logged, running

from tieout.cli import main
from tieout.commands.slack import run
from tieout.errors import ConfigurationError, SourceUnavailable
from tieout.slack.blocks.modals import TRY_AGAIN
from tieout.slack.endpoint import Sizes, Socket
from tieout.slack.guard import Reply
from tieout.slack.socket_mode import connect


@dataclass
class Connected:
    """A scene whose app is connected."""

    scene: Scene
    side: SocketMode


@pytest.fixture(scope="module")
def connected() -> Iterator[Connected]:
    """Run the command's loop over a scene."""
    stop = threading.Event()
    with running() as scene, socket_mode(scene.slack) as side:
        scene.front.workspace = replace(scene.front.workspace, app_token=APP_TOKEN)
        thread = threading.Thread(target=run, args=(scene.front, stop), daemon=True)
        thread.start()
        yield Connected(scene, side)
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def test_a_review_through_socket_mode_is_stored_without_a_checked_signature(connected: Connected) -> None:
    scene, owner = connected.scene, connected.scene.owner()
    scene.desk.stored.clear()
    owner.press_in_message(owner.messages[0], "open_review")
    owner.fill(lambda _, __: ("keep", None))
    said = connected.side.deliver(owner.submission())
    assert said is not None
    assert said["response_action"] == "update"
    [(_, person, answer)] = scene.desk.stored
    assert (person, answer.channel) == ("person-owner", ("slack", False))
    home = connected.side.deliver(payloads.home_opened(TEAM, owner.user, dm_of(owner.user)))
    assert home == {}
    assert owner.user in scene.slack.views.homes
    assert scene.slack.counts()["apps.connections.open"] == 1
    assert scene.slack.wrong == []


def test_a_store_that_is_down_asks_to_try_again(connected: Connected) -> None:
    owner = connected.scene.owner()
    owner.press_in_message(owner.messages[0], "open_review")
    owner.fill(lambda _, __: ("keep", None))
    connected.scene.desk.down = True
    said = connected.side.deliver(owner.submission())
    assert said is not None
    assert list(said["errors"].values()) == [TRY_AGAIN]
    connected.scene.desk.down = False


def test_what_no_listener_knows_is_not_acknowledged(connected: Connected) -> None:
    with everything_logged() as logged:
        assert connected.side.deliver({"type": "shortcut", "user": {"id": "U0OWNER001"}}, seconds=0.5) is None
    assert any("was not answered" in line for line in logged.lines)
    assert not any("U0OWNER001" in line or APP_TOKEN in line for line in logged.lines)


def test_without_an_app_token_nothing_connects(scene: Scene) -> None:
    with pytest.raises(ConfigurationError, match="app_token"):
        connect(scene.front)


def test_an_app_token_that_slack_does_not_take_is_not_shown(scene: Scene) -> None:
    scene.front.workspace = replace(scene.front.workspace, app_token="xapp-wrong")
    with pytest.raises(SourceUnavailable, match="Socket Mode") as caught:
        connect(scene.front)
    assert "xapp-wrong" not in str(caught.value)


def test_a_socket_that_is_full_or_gets_nonsense_answers_at_once() -> None:
    held = threading.Event()
    socket = Socket(lambda _: Reply(200) if held.wait(5) else Reply(500), Sizes(threads=1, waiting=0))
    payload = payloads.home_opened(TEAM, "U0OWNER001", "D0OWNER001")
    first = threading.Thread(target=socket.answer, args=(payload,))
    first.start()
    assert socket.answer("nonsense") is None
    assert socket.answer(payload) is None
    held.set()
    first.join(5)
    socket.close()


def test_the_command_says_what_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TIEOUT_SLACK_CONN_ID", "TIEOUT_IDENTITY_KEY", "TIEOUT_IDENTITY_BUCKET"):
        monkeypatch.delenv(name, raising=False)
    result = CliRunner().invoke(main, ["slack"])
    assert (result.exit_code, TOKEN in result.output) == (1, False)
    assert "TIEOUT_SLACK_CONN_ID" in result.output
