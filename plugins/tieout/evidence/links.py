# SPDX-License-Identifier: Apache-2.0
"""Links: presigned addresses, each good for one version of one object, for `SECONDS`, to be saved and not shown.

Whoever has the address can read that version until it expires: it is a secret for as long. It is shown to who asked for it, and
stands in no log, record or error. Nothing is asked of the store to make one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tieout.errors import ConfigurationError, StoreUnavailable

SECONDS = 300
"""How long a link is good for."""
_DISPOSITION = "attachment"


@dataclass(frozen=True, slots=True)
class Link:
    """A link, until when it is good, and the key id of the identity that it is signed as."""

    url: str = field(repr=False)
    valid_until: datetime
    access_key_id: str


class LinkSigner:
    """Makes links to objects of one bucket, as one identity. Thread-safe.

    Args:
        client: S3 client of an identity that may get the objects, which signs with signature version 4.
        bucket: The evidence bucket.
    """

    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def sign(self, key: str, version_id: str) -> Link:
        """Return a link to a version of an object.

        Raises:
            ConfigurationError: The client has no credentials, or signs in another way: its links would say something else.
            StoreUnavailable: The identity's credentials could not be renewed; run it again.
        """
        wanted = {"Bucket": self._bucket, "Key": key, "VersionId": version_id, "ResponseContentDisposition": _DISPOSITION}
        try:
            url = str(self._client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=SECONDS))
        except Exception as error:
            name = type(error).__name__
            if "Credential" in name and name != "CredentialRetrievalError":
                msg = f"links: the identity that they are signed as has no usable credentials ({name}). Check its connection."
                raise ConfigurationError(msg) from None
            msg = f"links: nothing could be signed ({name})."
            raise StoreUnavailable(msg) from None
        said = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items() if len(values) == 1}
        stated = (said.get("versionId"), said.get("response-content-disposition"), said.get("X-Amz-Expires"))
        if stated != (version_id, _DISPOSITION, str(SECONDS)):
            msg = "links: expected a client that signs with version 4, and for one version; its links say something else."
            raise ConfigurationError(msg)
        signed_at = datetime.strptime(said["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return Link(url, signed_at + timedelta(seconds=SECONDS), said["X-Amz-Credential"].partition("/")[0])
