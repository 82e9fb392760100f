# SPDX-License-Identifier: Apache-2.0
"""The plugin file: light in every process, and in the api-server it mounts pages that let nobody in unseen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROBE = """
import asyncio, json, sys
from airflow import plugins_manager
from airflow.dag_processing.dagbag import DagBag
DagBag(sys.argv[1])
plugins_manager.ensure_plugins_loaded()
light = sorted(name for name in sys.modules if name.startswith(("tieout.web", "tieout.slack", "slack_bolt", "fastapi.")))
[plugin] = [each for each in plugins_manager._get_plugins()[0] if each.name == "tieout"]
mounted, _ = plugins_manager.get_fastapi_plugins()
from airflow.api_fastapi.app import init_auth_manager
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
init_auth_manager()
airflow = FastAPI(root_path="/airflow")
for each in mounted:
    airflow.mount(each["url_prefix"], each["app"])

async def asked():
    async with AsyncClient(transport=ASGITransport(airflow), base_url="http://airflow.example") as client:
        paths = ["", "campaigns/c/a", "static/tieout.css", "docs", "openapi.json"]
        got = {path: (await client.get(f"/airflow/tieout/{path}")).status_code for path in paths}
        cross = await client.post("/airflow/tieout/campaigns/c/a")
        forged = await client.get("/airflow/tieout/", headers={"authorization": "Bearer made.up.token"})
        cookie = await client.get("/airflow/tieout/", headers={"cookie": "_token=made.up.token"})
        return got | {"cross": cross.status_code, "forged": forged.status_code, "cookie": cookie.status_code}

async def served():
    app = next(each["app"] for each in mounted if each["url_prefix"] == "/tieout")
    async with app.router.lifespan_context(app):  # nothing is configured that it could read
        return True

info, = [each for each in plugins_manager.get_plugin_info() if each["name"] == "tieout"]
from airflow.api_fastapi.core_api.datamodels.plugins import PluginResponse
from tieout.errors import ConfigurationError
from tieout.web.mount import mounted as tried

def broken():
    raise ConfigurationError("scope.yaml: line 3")

print(json.dumps({
    "broken": tried("Tieout", "/tieout", broken),
    "light": light,
    "mounted": [[each["url_prefix"], each["name"]] for each in mounted],
    "same": plugin.fastapi_apps[0]["app"] is mounted[0]["app"],
    "status": asyncio.run(asked()),
    "served": asyncio.run(served()),
    "views": [view.model_dump() for view in PluginResponse.model_validate(info).external_views],
    "errors": {str(name): text for name, text in plugins_manager.get_import_errors().items()},
}))
"""


@pytest.fixture(scope="module")
def loaded(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what a process of Airflow's says of the plugin."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "TIEOUT"))}
    environment = {
        **kept,
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW__API__BASE_URL": "http://airflow.example/airflow",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(repository / "plugins"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "TIEOUT_HOME": str(repository),
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROBE, str(repository / "dags")],
        env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_what_parses_dags_imports_no_page(loaded: dict[str, Any]) -> None:
    assert loaded["errors"] == {}
    assert loaded["light"] == []


def test_the_pages_are_mounted_once(loaded: dict[str, Any]) -> None:
    assert loaded["mounted"] == [["/tieout", "Tieout"]]
    assert loaded["same"]


def test_airflow_starts_without_pages_that_can_not_be_made(loaded: dict[str, Any]) -> None:
    assert loaded["broken"] == []


def test_pages_are_served_without_a_campaign_that_could_be_read(loaded: dict[str, Any]) -> None:
    assert loaded["served"]


def test_airflows_own_dependency_lets_nobody_in_unseen(loaded: dict[str, Any]) -> None:
    assert loaded["status"] == {
        **dict.fromkeys(["", "campaigns/c/a", "static/tieout.css"], 401),
        **dict.fromkeys(["docs", "openapi.json"], 404),
        **dict.fromkeys(["cross", "forged", "cookie"], 403),
    }


def test_the_ui_shows_one_view_in_its_navigation(loaded: dict[str, Any]) -> None:
    [view] = loaded["views"]
    assert view["destination"] == "nav"
    assert view["href"] == "/airflow/tieout/"
    assert view["name"] == "My reviews"
