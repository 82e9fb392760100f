# SPDX-License-Identifier: Apache-2.0
"""Can what people answer in campaigns be stored, and relied on? Looked at from where they answer, as the api-server is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tieout.errors import TieoutError, TransientError
from tieout.evidence.doctor.report import Check, Refusal, judge, unread
from tieout.evidence.keys import Scope, load_signer
from tieout.evidence.store import S3Store
from tieout.flows.campaigns import trusted_keys
from tieout.settings import Settings


def check_keys(settings: Settings, store: S3Store, now: datetime) -> list[Check]:
    """Check the root that everything is checked under, and the key that signs what people answer.

    Args:
        settings: The installation's.
        store: The evidence bucket, as whoever may read it.
        now: UTC.
    """

    def root() -> str:
        return f"{trusted_keys(settings, store).root_fingerprint[:16]}"

    def response() -> str:
        keyid, keys = load_signer(settings.response_key).keyid, trusted_keys(settings, store)
        keys.signing_key(keyid, Scope.RESPONSE, now, "an answer of now")
        return keyid[:16]

    return [
        attempted("campaigns: root", "the bucket's key list is signed under TIEOUT_ROOT_FINGERPRINT", root),
        attempted("campaigns: response key", "TIEOUT_RESPONSE_KEY, listed to sign responses now", response),
    ]


def attempted(name: str, expected: str, attempt: Callable[[], str]) -> Check:
    """Return a check of something that is as expected where it can be done; what it returns is what was found."""
    try:
        return judge(name, expected, attempt(), holds=True)
    except TransientError as error:
        return unread(name, expected, Refusal(type(error).__name__))
    except TieoutError as error:
        return judge(name, expected, str(error), holds=False)
