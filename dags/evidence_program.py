# SPDX-License-Identifier: Apache-2.0
"""The Airflow DAGs that keep the evidence store itself: evidence_digest."""

from tieout.tasks.evidence_program import dags

globals().update(dags())
