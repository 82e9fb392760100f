# SPDX-License-Identifier: Apache-2.0
"""Slack's endpoint in the api-server: mounted before the pages where the settings name a workspace, and open to Slack alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tieout.evidence.keys import Scope, generate_key

PROBE = """
import asyncio, json, os
os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"  # as airflow.api_fastapi.main has it
from airflow import plugins_manager
plugins_manager.ensure_plugins_loaded()
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
        form = {"content-type": "application/x-www-form-urlencoded"}
        posted = await client.post("/airflow/tieout/slack/events", content=b"payload=%7B%7D", headers=form)
        got = await client.get("/airflow/tieout/slack/events")
        other = await client.post("/airflow/tieout/slack/other", content=b"", headers=form)
        pages = await client.get("/airflow/tieout/")
        return [each.status_code for each in (posted, got, other, pages)]

async def linked():
    async with AsyncClient(transport=ASGITransport(airflow), base_url="http://airflow.example") as client:
        entry = await client.get("/airflow/tieout/link/")
        script = await client.get("/airflow/tieout/link/static/link.js")
        cross = await client.post("/airflow/tieout/link/open", data={"code": "x"})
        return [each.status_code for each in (entry, script, cross)], 'action="/airflow/tieout/link/open"' in entry.text

from tieout.web import mount

async def answered():
    import hashlib, hmac, time
    body = b'{"type": "url_verification", "challenge": "a-challenge"}'
    until = time.monotonic() + 60
    async with mount.slack_processes().running(), AsyncClient(transport=ASGITransport(airflow), base_url="http://a.x") as client:
        while time.monotonic() < until:
            at = str(int(time.time()))
            mac = hmac.new(b"0123456789abcdef0123456789abcdef", b"v0:" + at.encode() + b":" + body, hashlib.sha256).hexdigest()
            said = {"content-type": "application/json", "x-slack-request-timestamp": at, "x-slack-signature": f"v0={mac}"}
            posted = await client.post("/airflow/tieout/slack/events", content=body, headers=said)
            if posted.status_code == 200:
                return posted.text
            await asyncio.sleep(0.2)

print(json.dumps({
    "mounted": [[each["url_prefix"], each["name"]] for each in mounted],
    "status": asyncio.run(asked()) if mounted else [],
    "answered": asyncio.run(answered()) if len(mounted) > 1 else None,
    "linked": asyncio.run(linked()),
    "one desk": mount.open_desk() is mount.open_desk() if len(mounted) > 1 else None,
}))
"""
AWS = {"conn_type": "aws", "login": "test", "password": "test", "extra": {"region_name": "us-east-1"}}


def loaded(repository: Path, folder: Path, **variables: str) -> tuple[dict[str, Any], str]:
    """Return what a process of Airflow's says of the plugin with these variables, and its log."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "TIEOUT", "AWS"))}
    environment = {
        **kept,
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(repository / "plugins"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "TIEOUT_HOME": str(repository),
        "TIEOUT_SLACK_CONN_ID": "slack_people",
        **variables,
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROBE], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found, done.stdout + done.stderr


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what an installation states that people answer in by Slack."""
    folder = tmp_path_factory.mktemp("keys")
    generate_key(folder / f"{Scope.RESPONSE}.pem")
    extra = {"team": "T0TIEOUT01", "signing_secret": "0123456789abcdef0123456789abcdef"}
    slack = {"conn_type": "slack", "password": "xoxb-a-token", "extra": extra}
    return {
        "AIRFLOW_CONN_SLACK_PEOPLE": json.dumps(slack),
        "AIRFLOW_CONN_TIEOUT_RESPONDER": json.dumps(AWS),
        "TIEOUT_RESPONSE_KEY": f"file2:{folder / 'response.pem'}",
        "TIEOUT_ROOT_FINGERPRINT": "ab" * 32,
    }


def test_slack_posts_to_an_address_of_its_own_before_the_pages(
    repository: Path, tmp_path: Path, variables: dict[str, str]
) -> None:
    found, log = loaded(repository, tmp_path, **variables)
    assert found["mounted"] == [["/tieout/slack", "Tieout in Slack"], ["/tieout", "Tieout"]]
    assert found["status"] == [401, 405, 404, 401]
    assert found["one desk"] is True
    assert "a-challenge" in found["answered"], "by a process beside this one"
    assert "xoxb-a-token" not in log
    assert "0123456789abcdef" not in log


def test_personal_links_have_a_page_that_needs_no_login_where_mail_is_named_and_none_elsewhere(
    repository: Path, tmp_path: Path, variables: dict[str, str]
) -> None:
    mail = {"TIEOUT_MAIL_CONN_ID": "mail", "TIEOUT_PAGES_URL": "https://airflow.example"}
    found, _ = loaded(repository, tmp_path, **variables, **mail)
    assert [each for each, _ in found["mounted"]] == ["/tieout/slack", "/tieout/link", "/tieout"]
    assert found["linked"] == [[200, 200, 403], True]
    without, _ = loaded(repository, tmp_path / "without", **variables)
    assert without["linked"][0][0] in (401, 404)


@pytest.mark.parametrize(
    ("absent", "said"),
    [
        ("TIEOUT_ROOT_FINGERPRINT", "TIEOUT_ROOT_FINGERPRINT: expected the fingerprint of the root key"),
        ("TIEOUT_RESPONSE_KEY", "signing key: expected file2:"),
    ],
)
def test_what_is_absent_is_named_and_airflow_starts_all_the_same(
    repository: Path, tmp_path: Path, variables: dict[str, str], absent: str, said: str
) -> None:
    found, log = loaded(repository, tmp_path, **{name: value for name, value in variables.items() if name != absent})
    assert found["mounted"] == [["/tieout", "Tieout"]]
    assert f"Tieout in Slack is not served under /tieout/slack: {said}" in log
