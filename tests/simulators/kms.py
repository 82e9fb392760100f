# SPDX-License-Identifier: Apache-2.0
"""AWS KMS on loopback: moto's, which signs digests as KMS does, and answers with an error when told to.

moto 5.2.5 hashes what came once more, whatever ``MessageType`` says (getmoto/moto 10202): no signature of a digest verifies.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import boto3
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from moto.kms.responses import KmsResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


class Kms:
    """A running KMS."""

    def __init__(self, endpoint: str, app: _Faults) -> None:
        self.environment = {**ENVIRONMENT, "AWS_ENDPOINT_URL_KMS": endpoint}
        self.client = boto3.client(
            "kms",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self._app = app

    def create_key(self, spec: str = "ECC_NIST_P256", usage: str = "SIGN_VERIFY") -> str:
        """Return the ARN of a new key."""
        return str(self.client.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"])

    def fail(self, operation: str, code: str, status: int = 400) -> None:
        """Answer one operation, for example ``Sign``, with an error until `recover`."""
        self._app.faults[operation] = (code, status)

    def recover(self) -> None:
        """Answer everything again."""
        self._app.faults.clear()


class _Faults:
    """Stands before the application, and answers in its place."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app
        self.faults: dict[str, tuple[str, int]] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        if operation not in self.faults:
            return self._app(environ, start_response)
        code, status = self.faults[operation]
        start_response(f"{status} Error", [("Content-Type", "application/x-amz-json-1.1")])
        return [json.dumps({"__type": code, "message": "told to"}).encode()]


def _sign(response: KmsResponse) -> str:
    asked = {name: response._get_param(name) for name in ("KeyId", "Message", "MessageType", "SigningAlgorithm")}
    assert (asked["MessageType"], asked["SigningAlgorithm"]) == ("DIGEST", "ECDSA_SHA_256")
    key = response.kms_backend.describe_key(asked["KeyId"])
    signature = key.private_key.private_key.sign(asked["Message"], ec.ECDSA(Prehashed(SHA256())))
    return json.dumps({**asked, "KeyId": key.arn, "Message": None, "Signature": base64.b64encode(signature).decode()})


@contextmanager
def running_kms() -> Iterator[Kms]:
    """Run a KMS on a free port of loopback."""
    app = _Faults(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        with patch.object(KmsResponse, "sign", _sign):
            yield Kms(f"http://127.0.0.1:{server.server_port}", app)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
