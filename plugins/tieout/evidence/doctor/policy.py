# SPDX-License-Identifier: Apache-2.0
"""What an AWS policy says about one request. The documents are read as AWS documents their evaluation, not compared as text.

1. A statement matches when principal, action, resource and every condition match.
2. A condition whose key the request does not have matches for negated operators and for ``...IfExists``, and for no others.
3. What is not known here (an operator, ``NotPrincipal``, a policy variable) is never guessed: `CannotCheck`.

Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements: Condition operators".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tieout.errors import CannotCheck

ANYBODY = "*"
_PRINCIPAL_ARN = "aws:principalarn"
_ROOT = re.compile(r"arn:[a-z-]+:iam::(\d{12}):root")


@dataclass(frozen=True, slots=True)
class Request:
    """A request as policies see it. A context key that is not there is a header or parameter that was not sent."""

    principal: str
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)

    def value(self, key: str) -> str | None:
        """Return the value of a context key, whatever its case."""
        if key.lower() == _PRINCIPAL_ARN:
            return self.principal
        return next((value for name, value in self.context.items() if name.lower() == key.lower()), None)


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of a statement's condition, and the values that it is compared with."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. ``principals`` is ``None`` in an identity's own policy, which is about that identity."""

    sid: str
    effect: str
    principals: tuple[str, ...] | None
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    conditions: tuple[Condition, ...]


def parse_policy(document: str | Mapping[str, Any]) -> tuple[Statement, ...]:
    """Read a policy document.

    Raises:
        CannotCheck: It is no policy, or says something that is not known here.
    """
    try:
        data = json.loads(document) if isinstance(document, str) else document
        statements = data["Statement"]
        entries = [statements] if isinstance(statements, Mapping) else statements
        return tuple(_statement(entry, number) for number, entry in enumerate(entries, start=1))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"expected a policy document: malformed ({type(error).__name__}: {error})."
        raise CannotCheck(msg) from error


def _statement(entry: Mapping[str, Any], number: int) -> Statement:
    unknown = "NotPrincipal" if "NotPrincipal" in entry else "a policy variable" if "${" in json.dumps(entry) else None
    if unknown:
        msg = f"statement {entry.get('Sid', number)} has {unknown}, which is not evaluated here."
        raise CannotCheck(msg)
    conditions = tuple(
        Condition(operator, key, _texts(values))
        for operator, keys in entry.get("Condition", {}).items()
        for key, values in keys.items()
    )
    return Statement(
        sid=str(entry.get("Sid") or f"statement {number}"),
        effect=entry["Effect"],
        principals=_principals(entry["Principal"]) if "Principal" in entry else None,
        actions=_texts(entry.get("Action", ())),
        not_actions=_texts(entry.get("NotAction", ())),
        resources=_texts(entry.get("Resource", ())),
        not_resources=_texts(entry.get("NotResource", ())),
        conditions=conditions,
    )


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, (list, tuple)) else (value,)
    return tuple(str(entry).lower() if isinstance(entry, bool) else str(entry) for entry in values)


def _principals(value: Any) -> tuple[str, ...]:
    if value == ANYBODY:
        return (ANYBODY,)
    named = [name for names in value.values() for name in _texts(names)]
    return tuple(f"arn:aws:iam::{name}:root" if re.fullmatch(r"\d{12}", name) else name for name in named)


def denied_by(statements: Iterable[Statement], request: Request) -> str | None:
    """Return which statement denies a request, or ``None``."""
    return next((entry.sid for entry in statements if entry.effect == "Deny" and matches(entry, request)), None)


def allowed_by(statements: Iterable[Statement], request: Request) -> str | None:
    """Return which statement allows a request, or ``None``. A denial is another question: `denied_by`.

    In a key policy, allowing the account's root lends the right to the account's IAM: ask as that root.
    """
    return next((entry.sid for entry in statements if entry.effect == "Allow" and matches(entry, request)), None)


def named_principals(statements: Iterable[Statement]) -> set[str]:
    """Return every principal that a policy names, in a statement's head or in a condition, but not patterns and services."""
    named: set[str] = set()
    for statement in statements:
        named.update(statement.principals or ())
        for condition in statement.conditions:
            if condition.key.lower() == _PRINCIPAL_ARN:
                named.update(condition.values)
    return {name for name in named if name.startswith("arn:") and "*" not in name and "?" not in name}


def matches(statement: Statement, request: Request) -> bool:
    """Return whether a statement is about a request.

    Raises:
        CannotCheck: That hangs on a condition operator that is not known here.
    """
    if not _is_about(statement, request.principal):
        return False
    if statement.not_actions:
        concerned = not any(_like(pattern.lower(), request.action.lower()) for pattern in statement.not_actions)
    else:
        concerned = any(_like(pattern.lower(), request.action.lower()) for pattern in statement.actions)
    if not concerned:
        return False
    if statement.not_resources:
        concerned = not any(_like(pattern, request.resource) for pattern in statement.not_resources)
    elif statement.resources:
        concerned = any(_like(pattern, request.resource) for pattern in statement.resources)
    return concerned and all(_holds(condition, request.value(condition.key)) for condition in statement.conditions)


def _is_about(statement: Statement, principal: str) -> bool:
    if statement.principals is None or ANYBODY in statement.principals or principal in statement.principals:
        return True
    if statement.effect == "Allow":
        return False
    accounts = [found.group(1) for found in map(_ROOT.fullmatch, statement.principals) if found]
    return any(f"::{account}:" in principal for account in accounts)


def _like(pattern: str, text: str) -> bool:
    parts = re.split(r"([*?])", pattern)
    wild = {"*": ".*", "?": "."}
    return re.fullmatch("".join(wild.get(part) or re.escape(part) for part in parts), text, re.DOTALL) is not None


def _equal(pattern: str, text: str) -> bool:
    return pattern == text


def _same_bool(pattern: str, text: str) -> bool:
    return pattern.lower() == text.lower()


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda pattern, text: compare(float(text), float(pattern))


def _date(compare: Callable[[datetime, datetime], bool]) -> Callable[[str, str], bool]:
    return lambda pattern, text: compare(datetime.fromisoformat(text), datetime.fromisoformat(pattern))


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": _equal,
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": _same_bool,
    "NumericEquals": _number(lambda found, limit: found == limit),
    "NumericLessThan": _number(lambda found, limit: found < limit),
    "NumericLessThanEquals": _number(lambda found, limit: found <= limit),
    "NumericGreaterThan": _number(lambda found, limit: found > limit),
    "NumericGreaterThanEquals": _number(lambda found, limit: found >= limit),
    "DateLessThan": _date(lambda found, limit: found < limit),
    "DateLessThanEquals": _date(lambda found, limit: found <= limit),
    "DateGreaterThan": _date(lambda found, limit: found > limit),
    "DateGreaterThanEquals": _date(lambda found, limit: found >= limit),
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
}


def _holds(condition: Condition, value: str | None) -> bool:
    if condition.operator == "Null":
        return ("true" if value is None else "false") in condition.values
    operator = condition.operator.removesuffix("IfExists")
    negated = operator in _NEGATED
    compare = _OPERATORS.get(_NEGATED.get(operator, operator))
    if compare is None:
        msg = f"the condition operator {condition.operator} is not evaluated here."
        raise CannotCheck(msg)
    if value is None:  # (2)
        return negated or condition.operator.endswith("IfExists")
    return any(compare(pattern, value) for pattern in condition.values) != negated
