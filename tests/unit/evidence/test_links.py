# SPDX-License-Identifier: Apache-2.0
"""Links: what one says, and what is refused before anybody has it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import CredentialRetrievalError, NoCredentialsError

from tieout.errors import ConfigurationError, StoreUnavailable
from tieout.evidence.links import SECONDS, LinkSigner

KEY = "raw/observation_period=2026-H1/control=c/l/page-00000.json.zst"


def client(signature: Any = "s3v4", token: str | None = None) -> Any:
    """Return a client that signs in some way."""
    session = boto3.Session("AKIATEST", "a secret key", token, region_name="eu-central-1")
    return session.client("s3", endpoint_url="https://s3.example", config=Config(signature_version=signature))


def test_a_link_says_what_was_asked_for_and_shows_itself_nowhere() -> None:
    link = LinkSigner(client(token="a session token"), "bucket").sign(KEY, "v 1&x")
    said = {name: values[0] for name, values in parse_qs(urlsplit(link.url).query).items()}
    assert (said["versionId"], said["response-content-disposition"]) == ("v 1&x", "attachment")
    assert (said["X-Amz-Expires"], said["X-Amz-SignedHeaders"]) == (str(SECONDS), "host")
    assert said["X-Amz-Security-Token"] == "a session token"
    assert link.access_key_id == "AKIATEST"
    assert abs(link.valid_until - datetime.now(UTC) - timedelta(seconds=SECONDS)) < timedelta(seconds=5)
    for hidden in ("https", "secret", said["X-Amz-Signature"], "session token"):
        assert hidden not in repr(link)


@pytest.mark.parametrize("signature", ["s3", UNSIGNED])
def test_a_client_that_signs_in_another_way_is_refused(signature: Any) -> None:
    with pytest.raises(ConfigurationError, match="signs with version 4"):
        LinkSigner(client(signature), "bucket").sign(KEY, "v1")


class Failing:
    """A client that can not sign."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def generate_presigned_url(self, *_: object, **__: object) -> str:
        raise self._error


def test_without_credentials_nothing_is_signed() -> None:
    with pytest.raises(ConfigurationError, match="no usable credentials"):
        LinkSigner(Failing(NoCredentialsError()), "bucket").sign(KEY, "v1")


@pytest.mark.parametrize("error", [CredentialRetrievalError(provider="role", error_msg="timed out"), OSError("reset")])
def test_credentials_that_can_not_be_renewed_now_may_be_in_a_moment(error: Exception) -> None:
    with pytest.raises(StoreUnavailable, match="nothing could be signed") as raised:
        LinkSigner(Failing(error), "bucket").sign(KEY, "v1")
    assert raised.value.__cause__ is None
