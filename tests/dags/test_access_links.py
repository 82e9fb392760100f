# SPDX-License-Identifier: Apache-2.0
"""As whom the api-server signs auditors' links: Airflow's connection for that, or the responder's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROBE = """
import json, logging, sys
from urllib.parse import parse_qs, urlsplit
from dataclasses import replace
from tieout.errors import ConfigurationError
from tieout.settings import from_environment
from tieout.web.connections import access_desk_of

class Lines(logging.Handler):
    def emit(self, record):
        lines.append(record.getMessage())

lines = []
logging.getLogger().addHandler(Lines())
logging.getLogger().setLevel(logging.DEBUG)

def signed(**changes):
    try:
        desk = access_desk_of(replace(from_environment(), **changes))
        lines.clear()
        link = desk.links.sign("raw/observation_period=2026-H1/control=c/l/page-00000.json.zst", "v1")
        said = {name: values[0] for name, values in parse_qs(urlsplit(link.url).query).items()}
        logged = [line for line in lines if said["X-Amz-Signature"] in line or "X-Amz-Credential" in line]
        return {"url": link.url, "key": link.access_key_id, "raw": desk.raw, "logged": logged, "shown": repr(link)}
    except ConfigurationError as error:
        return {"error": str(error)}

print(json.dumps({
    "links": signed(links_conn_id="tieout_links"),
    "responder": signed(),
    "absent": signed(links_conn_id="nobody"),
    "rootless": signed(root_fingerprint=""),
}))
"""


@pytest.fixture(scope="module")
def signed(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return what an api-server signs, under several settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AWS", "TIEOUT"))}
    extra = {"region_name": "eu-central-1", "endpoint_url": "https://store.example"}
    connections = {
        f"AIRFLOW_CONN_TIEOUT_{name.upper()}": json.dumps(
            {"conn_type": "aws", "login": f"AKIA{name.upper()}", "password": "secret", "extra": extra}
        )
        for name in ("links", "responder")
    }
    environment = {
        **kept, **connections, "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")), "TIEOUT_HOME": str(repository),
        "TIEOUT_ROOT_FINGERPRINT": "0" * 64,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROBE], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_links_are_signed_as_the_identity_for_them(signed: dict[str, dict[str, Any]]) -> None:
    found = signed["links"]
    assert (found["key"], found["raw"]) == ("AKIALINKS", True)
    for part in (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "X-Amz-Expires=300",
        "versionId=v1",
        "response-content-disposition=attachment",
    ):
        assert part in found["url"]
    assert "https://" not in found["shown"]


def test_without_one_the_responder_signs_them_and_none_to_raw_pages(signed: dict[str, dict[str, Any]]) -> None:
    assert (signed["responder"]["key"], signed["responder"]["raw"]) == ("AKIARESPONDER", False)


def test_no_log_has_what_a_link_is_made_of_even_at_debug(signed: dict[str, dict[str, Any]]) -> None:
    assert signed["links"]["logged"] == []


def test_what_is_absent_is_said(signed: dict[str, dict[str, Any]]) -> None:
    assert "connection 'nobody': Airflow holds none of this name" in signed["absent"]["error"]
    assert "TIEOUT_ROOT_FINGERPRINT" in signed["rootless"]["error"]
