# SPDX-License-Identifier: Apache-2.0
"""The Airflow DAGs of the evidence program: digest, readiness, freshness, true-up, period close, post-period extract."""

from tieout.tasks.evidence_program import dags

globals().update(dags())
