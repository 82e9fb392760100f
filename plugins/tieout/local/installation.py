# SPDX-License-Identifier: Apache-2.0
"""One embedded installation: a folder, ``.tieout/``, with secrets, keys, the object store's data and Airflow's home.

It is created once and survives restarts. Only its owner can read it.
"""

from __future__ import annotations

import json
import os
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tieout.errors import ConfigurationError
from tieout.evidence.keys import DocumentSigner, Scope, generate_key, load_signer
from tieout.local import ports
from tieout.persons import create_person_key

EVIDENCE_BUCKET = "tieout-evidence"
STAGING_BUCKET = "tieout-staging"
IDENTITY_BUCKET = "tieout-identities"
REGION = "us-east-1"
IDENTITIES = ("admin", "writer", "digest", "responder", "auditor", "links")


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity of the object store."""

    name: str
    access_key: str
    secret_key: str


class Installation:
    """The state of one embedded installation."""

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self.folder = self.home / ".tieout"

    @property
    def _file(self) -> Path:
        return self.folder / "state.json"

    @property
    def exists(self) -> bool:
        """Whether it has been created."""
        return self._file.exists()

    def create(self, clock_now: datetime) -> None:
        """Create secrets and keys, if they are not there yet, and find ports that are free now."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.folder.chmod(0o700)
        if not self.exists:
            self._write(
                {
                    "version": 1,
                    "created_at": clock_now.isoformat(),
                    "identities": {name: _credentials() for name in IDENTITIES},
                    "store_keys": [secrets.token_urlsafe(32) for _ in range(4)],
                    "airflow": {
                        "fernet_key": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                        "jwt_secret": secrets.token_urlsafe(48),
                        "secret_key": secrets.token_urlsafe(48),
                        "password": secrets.token_urlsafe(15),
                    },
                    "ports": {"store": ports.find_store(), "airflow": ports.find(3)},
                }
            )
        self._complete()
        keys = self.folder / "keys"
        keys.mkdir(mode=0o700, exist_ok=True)
        for scope in Scope:
            if not (keys / f"{scope}.pem").exists():
                generate_key(keys / f"{scope}.pem")
        if not self._identity_key.exists():
            create_person_key(self._identity_key)

    def _complete(self) -> None:
        """Add the identities that an older version did not have."""
        state = self._read()
        absent = [name for name in IDENTITIES if name not in state["identities"]]
        if absent:
            state["identities"] |= {name: _credentials() for name in absent}
            self._write(state)

    def free_ports(self) -> None:
        """Move to other ports where something else listens on ours; nothing of ours may run while this is called."""
        state = self._read()
        if not ports.all_free(ports.store_ports(state["ports"]["store"])):
            state["ports"]["store"] = ports.find_store()
        if not ports.all_free(range(state["ports"]["airflow"], state["ports"]["airflow"] + 3)):
            state["ports"]["airflow"] = ports.find(3)
        self._write(state)

    def _read(self) -> dict[str, Any]:
        if not self.exists:
            msg = f"{self.folder}: there is no embedded installation here. Run `make demo` or `make up` first."
            raise ConfigurationError(msg)
        state: dict[str, Any] = json.loads(self._file.read_text())
        return state

    def _write(self, state: dict[str, Any]) -> None:
        write_private(self._file, json.dumps(state, indent=1))

    def identity(self, name: str) -> Identity:
        """Return one identity of the object store."""
        return Identity(name, *self._read()["identities"][name])

    @property
    def store_port(self) -> int:
        """Port of the object store's S3 API."""
        return int(self._read()["ports"]["store"])

    @property
    def store_keys(self) -> list[str]:
        """The object store's four internal signing keys."""
        return list(self._read()["store_keys"])

    @property
    def endpoint(self) -> str:
        """Address of the S3 API."""
        return f"http://127.0.0.1:{self.store_port}"

    @property
    def airflow_port(self) -> int:
        """Port of Airflow's UI and API; the two after it serve logs."""
        return int(self._read()["ports"]["airflow"])

    @property
    def airflow_secrets(self) -> dict[str, str]:
        """Airflow's own secrets."""
        return dict(self._read()["airflow"])

    def signer(self, scope: Scope) -> DocumentSigner:
        """Return the file key of a scope."""
        return load_signer(self.key_uri(scope))

    def key_uri(self, scope: Scope) -> str:
        """Return the URI of the file key of a scope."""
        return f"file2:{self.folder / 'keys' / f'{scope}.pem'}"

    @property
    def _identity_key(self) -> Path:
        return self.folder / "keys" / "identity.key"

    @property
    def identity_settings(self) -> dict[str, str]:
        """The variables that turn person ids on."""
        return {"TIEOUT_IDENTITY_BUCKET": IDENTITY_BUCKET, "TIEOUT_IDENTITY_KEY": f"file:{self._identity_key}"}

    def signers(self) -> dict[Scope, DocumentSigner]:
        """Return the file key of each scope."""
        return {scope: self.signer(scope) for scope in Scope}

    def write_credentials(self) -> None:
        """Write ``<identity>.env`` for each identity: what `aws`, boto3, pyarrow, DuckDB and `tieout verify` need."""
        for name in IDENTITIES:
            identity = self.identity(name)
            lines = {
                "AWS_ACCESS_KEY_ID": identity.access_key,
                "AWS_SECRET_ACCESS_KEY": identity.secret_key,
                "AWS_ENDPOINT_URL_S3": self.endpoint,
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "TIEOUT_EVIDENCE_BUCKET": EVIDENCE_BUCKET,
                **(self.identity_settings if name in ("admin", "writer", "responder") else {}),
                # Who checks what others signed has it from outside the bucket: the auditor is told by hand.
                **({"TIEOUT_ROOT_FINGERPRINT": self.root_fingerprint} if name not in ("auditor", "links") else {}),
                **({"TIEOUT_LANDING_KEY": self.key_uri(Scope.LANDING)} if name == "admin" else {}),  # signs records of holds
                **({"TIEOUT_RESPONSE_KEY": self.key_uri(Scope.RESPONSE)} if name == "responder" else {}),
            }
            text = "".join(f"export {key}={value}\n" for key, value in lines.items())
            write_private(self.folder / f"{name}.env", text)

    @property
    def root_fingerprint(self) -> str:
        """Fingerprint of the root key: what an auditor receives outside the bucket."""
        return self.signer(Scope.ROOT).keyid


def _credentials() -> list[str]:
    return [secrets.token_hex(10), secrets.token_urlsafe(30)]


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)
