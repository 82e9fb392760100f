# SPDX-License-Identifier: Apache-2.0
"""What a control's YAML says of a REST source: parameters of collector ``rest``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from tieout.documents import Document

Expression = Annotated[str, Field(min_length=1)]
"""A JMESPath expression (jmespath.org), with our functions `tieout.collectors.rest_rows.FUNCTIONS`."""
Scalar = str | int | float | bool


class Auth(Document):
    """Where the connection's secret goes. Its login and password stand in Airflow alone."""

    kind: Literal["bearer", "basic", "header", "query", "oauth2", "login", "none"] = "bearer"
    """``bearer``: the password as token. ``basic``: login and password. ``header``, ``query``: the password under ``name``.
    ``oauth2``: a token for login and password (client credentials) from ``token_path``. ``login``: a token for both, sent there
    as JSON (``username``, ``password``) and answered as ``access_token``, as Airflow does."""
    name: str = "Authorization"
    prefix: str = ""
    """Stands before the password in a header, such as ``SSWS`` and a blank."""
    token_path: str | None = None
    scope: str | None = None

    @model_validator(mode="after")
    def _a_token_has_a_path(self) -> Auth:
        if (self.kind in ("oauth2", "login")) != (self.token_path is not None):
            msg = "token_path: expected with kinds oauth2 and login, and only there"
            raise ValueError(msg)
        return self


class Paging(Document):
    """How one page leads to the next."""

    kind: Literal["single", "link_header", "link", "cursor", "offset", "page_number"]
    next: str | None = None
    """``link``: path of the next address in the answer. ``cursor``: path of the cursor there. Dots between keys."""
    parameter: str | None = None
    """Query parameter of cursor, offset or page number."""
    size_parameter: str | None = None
    size: int = Field(default=100, ge=1, le=100_000)
    """Rows asked for on a page."""
    first: int = Field(default=1, ge=0)
    """Number of the first page."""
    more: str | None = None
    """Path of a value in the answer that is true while there are more pages."""

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Paging:
        needs = {
            "link": ("next",),
            "cursor": ("next", "parameter"),
            "offset": ("parameter", "size_parameter"),
            "page_number": ("parameter",),
        }
        missing = [name for name in needs.get(self.kind, ()) if not getattr(self, name)]
        if missing:
            msg = f"paging of kind {self.kind} needs {' and '.join(missing)}"
            raise ValueError(msg)
        return self


class SecondCount(Document):
    """Another way to the number of rows."""

    connection: str | None = None
    """Airflow Connection of another system; without it, another endpoint of the same one."""
    path: str
    query: dict[str, Scalar] = Field(default_factory=dict)
    value: Expression


class Proof(Document):
    """How the credential shows who it is and that it can not write."""

    path: str
    identity: Expression | None = None
    """Who it is, in the answer."""
    rights: Expression | None = None
    """List of what it may do, in the answer; or ``rights_header``."""
    rights_header: str | None = None
    read_only: tuple[str, ...] = ()
    """Rights that can only read. One that is not among them could write."""


class RestParameters(Document):
    """The whole of a REST source.

    Texts in ``query`` and ``body`` may hold ``{from}`` and ``{until}``, the window's bounds, and ``{before}``, a second before.
    """

    connection: str
    """Airflow Connection: host, and the secret."""
    path: str
    method: Literal["GET", "POST"] = "GET"
    """``POST`` only for a search that changes nothing."""
    query: dict[str, Scalar | list[Scalar]] = Field(default_factory=dict)
    """A list sends its name once for each."""
    body: dict[str, Any] | None = None
    time_format: Literal["iso", "date", "unix", "unix_ms"] = "iso"
    records: Expression = "@"
    """The list of records in an answer."""
    failure: Expression | None = None
    """True, or a text, in an answer that says 200 and is none."""
    columns: dict[str, Expression] = Field(min_length=1)
    """The contract's columns, each with where its value stands in a record."""
    paging: Paging = Paging(kind="single")
    total: Expression | None = None
    """How many rows there are, in each answer."""
    total_header: str | None = None
    second_count: SecondCount | None = None
    auth: Auth = Auth()
    proof: Proof | None = None
    account: str | None = None
    """Account or tenant at the source."""
    blind_spots: tuple[str, ...] = ()
    """What this source can not show."""

    @field_validator("path")
    @classmethod
    def _path_is_one(cls, value: str) -> str:
        if not value.startswith("/") or "?" in value:
            msg = "expected a path that starts with / and has no query"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _its_end_can_be_told(self) -> RestParameters:
        # An empty page in the middle would otherwise pass for the end.
        if self.paging.kind in ("offset", "page_number") and not (self.total or self.total_header or self.second_count):
            msg = f"paging by {self.paging.kind}: expected total, total_header or second_count: an empty page alone is no end"
            raise ValueError(msg)
        return self
