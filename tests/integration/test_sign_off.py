# SPDX-License-Identifier: Apache-2.0
"""A review is signed off on a running Airflow: on our page, in another process, or in Airflow, by who may and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.sign_off_scene import DAG, Scene, running_scene
from tests.unit.flows import signing_bench
from tests.unit.reviews.world import mail
from tieout.local import airflow as local_airflow

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Scene]:
    with running_scene(tmp_path_factory.mktemp("sign_off"), repository) as made:
        yield made


def test_who_may_signs_off_on_our_page_and_nobody_else_does_anywhere(scene: Scene) -> None:
    sha256, run = scene.ask()
    action = scene.action(run)
    assert action["subject"].endswith(scene.bench.planned.campaign)
    assert sha256 in action["body"]
    assert [each["id"] for each in action["assigned_users"]] == [mail("rob")]
    assert scene.answer("eva", run) == 403
    assert scene.answer("ivo", run) == 403
    with scene.browser("ivo") as browser:
        page = browser.get(f"/tieout/sign-offs/{scene.bench.planned.campaign}")
        assert page.status_code == 404
        assert "You were asked in this review" in page.text
    with scene.browser("eva") as browser:
        assert browser.get(f"/tieout/sign-offs/{scene.bench.planned.campaign}").status_code == 404
    assert scene.said(sha256) == []
    receipt = scene.sign("rob")
    assert "<h1>Stored</h1>" in receipt.text
    scene.until(run, "success")
    [said] = scene.said(sha256)
    assert (said.by, said.approved, said.channel) == (mail("rob"), True, ("airflow", False))
    action = scene.action(run)
    assert (action["responded_by_user"]["id"], action["chosen_options"]) == (mail("rob"), ["Approve"])
    [logged] = scene.logged(run, mail("rob"))
    assert "Approve" in logged
    scene.clear(run)
    scene.until(run, "success")
    assert "Waiting" not in scene.airflow.api.log(DAG, run, "sign_off", 2)
    assert len(scene.said(sha256)) == 1


def test_answers_on_airflows_own_page_are_stored_before_the_task_goes_on_or_fails(scene: Scene) -> None:
    sha256, run = scene.ask()
    assert scene.answer("rob", run, "Reject", reason="b2 still stands") == 200
    scene.until(run, "failed")
    [said] = scene.said(sha256)
    assert (said.by, said.approved, said.reason) == (mail("rob"), False, "b2 still stands")
    assert said.channel == ("airflow required action", False)
    assert said.presented_sha256
    log = scene.log(run)
    assert f"returned it in response {said.id}" in log
    assert "still stands" not in log
    scene.clear(run)
    scene.until(run, "awaiting_input")
    with scene.browser("rob") as browser:
        assert "It was returned" in browser.get(f"/tieout/sign-offs/{scene.bench.planned.campaign}").text
    assert scene.answer("rob", run) == 200
    scene.until(run, "success")
    assert [(each.approved, each.channel[0]) for each in scene.said(sha256)] == [
        (False, "airflow required action"), (True, "airflow required action"),
    ]  # fmt: skip


def test_what_was_stored_while_the_api_server_was_down_is_given_to_airflow_after_it(scene: Scene) -> None:
    sha256, run = scene.ask()
    processes, installation = scene.airflow.store.stack.processes, scene.airflow.store.stack.installation
    processes.kill("api-server")
    signing_bench.sign(scene.bench, "rob", sha256, channel="slack")
    environment = local_airflow.environment(installation, scene.airflow.overrides)
    local_airflow.start(installation, processes, environment, ("api-server",))
    scene.until(run, "success")
    assert scene.action(run)["responded_by_user"]["id"] == mail("rob")
    [said] = scene.said(sha256)
    assert said.channel == ("slack", False)
