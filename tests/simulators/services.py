# SPDX-License-Identifier: Apache-2.0
"""The APIs of one made-up company, by the name of the Airflow Connection that reaches each, and those connections."""

from __future__ import annotations

from typing import Any

from tests.simulators import github, hris, jira, okta, pagerduty_account
from tests.simulators.company import DOMAIN, Company
from tests.simulators.vendor import Api

_TOKENS = {
    "github": github.TOKEN,
    "hris": hris.TOKEN,
    "jira": jira.TOKEN,
    "okta": okta.TOKEN,
    "pagerduty": pagerduty_account.TOKEN,
}
NAMES = frozenset(_TOKENS)
"""Of the connections, and of the systems that controls read through them."""


def apis(company: Company) -> dict[str, Api]:
    """Return the company's APIs by the name of their connection."""
    return {
        "github": github.Github(company),
        "hris": hris.Hris(company),
        "jira": jira.Jira(company),
        "okta": okta.Okta(company),
        "pagerduty": pagerduty_account.PagerDuty(company),
    }


def connection(name: str, url: str) -> dict[str, Any]:
    """Return the Airflow Connection to an API at an address, as JSON states it."""
    login = {"login": f"evidence@{DOMAIN}"} if name == "jira" else {}
    return {"conn_type": "http", "host": url, "password": _TOKENS[name], **login}
