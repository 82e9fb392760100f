# SPDX-License-Identifier: Apache-2.0
"""The loop in the api-server that keeps Airflow's required actions and the ledger of sign-offs in step.

It looks every so many seconds for as long as the pages are served; where nothing waits, a look is three queries of Airflow's
database. What this process stores is given to Airflow by the first look after `reconciling.SETTLED`, what another process has
stored within `reconciling.OTHERS_SECONDS` more. Two api-servers at once store and give the same, and it is taken once.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tieout.errors import ConfigurationError
from tieout.web.reconciling import Reconciler
from tieout.web.site import place_of

log = logging.getLogger(__name__)

TROUBLED_SECONDS = 60.0
"""How long nothing is looked at after something that looking again does not mend."""
_ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Looks, every so many seconds, until it is stopped.

    Attributes:
        reconciler: Finds what is to be done.
        seconds: Between two looks.
    """

    reconciler: Reconciler
    seconds: float

    async def run(self) -> None:
        """Look until cancelled. Nothing that fails ends it."""
        pool = ThreadPoolExecutor(1, "tieout-relay")
        try:
            while True:
                await asyncio.sleep(await self._guarded(pool))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    async def look(self, pool: ThreadPoolExecutor) -> None:
        """Look once: store what was answered in Airflow, then answer in Airflow what was stored.

        Args:
            pool: A thread that may wait for Airflow's database and the bucket.
        """
        once = self.reconciler.once
        for each in await asyncio.get_running_loop().run_in_executor(pool, self.reconciler.look):
            async with asyncio.timeout(_ANSWER_SECONDS):
                status = await self.reconciler.actions.answer(each.waiting, each.user, approved=each.approved)
            if status == 403:
                once(f"403 {each.waiting.id}", "who signed may not answer in Airflow: give their user a role for it")
            elif status not in (200, 404, 409):  # gone, or answered meanwhile
                once(f"{status} {each.waiting.id}", f"Airflow answered {status}")

    async def _guarded(self, pool: ThreadPoolExecutor) -> float:
        """Look, and return how long to wait then."""
        try:
            await self.look(pool)
        except ConfigurationError as error:
            self.reconciler.once(f"configuration {error}", str(error))
            return max(self.seconds, TROUBLED_SECONDS)
        except Exception as error:  # its text may name a person
            log.warning("Sign-offs: a look failed, and is taken again: %s", place_of(error))
        return self.seconds
