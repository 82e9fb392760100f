# SPDX-License-Identifier: Apache-2.0
"""One Airflow DAG per control of kind access_review: include/criteria/controls/<dag id>.yaml."""

from tieout.tasks.controls import dags

globals().update(dags("access_review"))
