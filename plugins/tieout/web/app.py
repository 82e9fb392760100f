# SPDX-License-Identifier: Apache-2.0
"""The pages as one FastAPI app, without Airflow: what it takes from there is handed in (`tieout.web.mount`)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse

from tieout.web.access import Rules, check
from tieout.web.refusals import Refusals
from tieout.web.routes import routes
from tieout.web.shell import Shell
from tieout.web.site import Site

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    site: Site, authenticated: Callable[..., Any], user: Callable[..., Any], lifespan: Lifespan | None = None
) -> FastAPI:
    """Return the pages of an installation.

    Args:
        site: The installation.
        authenticated: FastAPI dependency that refuses whoever is not signed in. It stands before every route.
        user: FastAPI dependency that gives Airflow's user.
        lifespan: What runs beside the pages for as long as they are served.

    Raises:
        ConfigurationError: A route has no rule.
    """
    app = FastAPI(
        title="Tieout",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        default_response_class=HTMLResponse,
        dependencies=[Depends(authenticated)],
        lifespan=lifespan,
    )
    app.add_middleware(Shell, origins=site.origins)
    rules = Rules(site, user)
    app.state.rules = rules
    app.include_router(routes(site, rules))
    check(app, rules)
    Refusals(site).add_to(app)
    return app
