# SPDX-License-Identifier: Apache-2.0
"""What the YAML of a control says of GitHub, in every collector."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tieout.documents import Document

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$")]
Ref = Annotated[str, Field(pattern=r"^[A-Za-z0-9_./-]{1,250}$")]


class OrganizationParameters(Document):
    """What every collector of GitHub is told."""

    connection: str = "github"
    """Airflow Connection of type ``http``: host ``api.github.com``, and a token as password."""
    organization: Name


class RepositoryParameters(OrganizationParameters):
    """What a collector of one repository is told."""

    repository: Name

    @property
    def name(self) -> str:
        """Return organization and repository."""
        return f"{self.organization}/{self.repository}"

    @property
    def path(self) -> str:
        """Return the path of the repository in the API."""
        return f"/repos/{self.name}"
