# SPDX-License-Identifier: Apache-2.0
"""AWS's error codes: which are worth asking again, and what cures the others."""

from __future__ import annotations

_THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
        "RequestThrottled",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "PriorRequestNotComplete",
        "SlowDown",
        "EC2ThrottledException",
    }
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized"})
_UNKNOWN_CREDENTIAL = frozenset(
    {
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "MissingAuthenticationToken",
    }
)
_NOT_ENABLED = frozenset({"OptInRequired", "SubscriptionRequiredException", "InvalidAccessException"})
_SERVER_ERROR = 500
_IAM_PREFIXES = {"monitoring": "cloudwatch"}
"""Services that IAM calls otherwise than their requests are signed."""


def is_worth_asking_again(code: str, status: int) -> bool:
    """Whether an error may be gone when AWS is asked again."""
    return code in _THROTTLED or status >= _SERVER_ERROR


def iam_action(signing_name: str, operation: str) -> str:
    """Return the action that a policy has to allow for an operation; S3 has others for some, as its messages say."""
    return f"{_IAM_PREFIXES.get(signing_name, signing_name)}:{operation}"


def cure(code: str, connection: str, action: str, *, regional: bool) -> str:
    """Return what to do about an error that asking again would not mend.

    Args:
        code: AWS's.
        connection: The Airflow Connection.
        action: What IAM calls the operation.
        regional: Whether the service is one of a region, which may not be enabled.
    """
    name = f"Airflow Connection {connection!r}"
    if code in _DENIED:
        return f"the credential of {name} may not do this. Allow it {action}"
    if code in _NOT_ENABLED or (code in _UNKNOWN_CREDENTIAL and regional):
        return (
            f"the region or the service is not enabled for the account, or the credential of {name} is not known there. "
            f"Enable it, or leave the region out of 'regions' in the control's YAML"
        )
    if code in _UNKNOWN_CREDENTIAL:
        return f"the credential of {name} is expired, revoked or mistyped. Renew it there"
    return f"AWS does not take the request. Correct the parameters in the control's YAML, or allow {action}"
