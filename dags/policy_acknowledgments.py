# SPDX-License-Identifier: Apache-2.0
"""One Airflow DAG per control of kind policy_acknowledgment: include/criteria/controls/<dag id>.yaml."""

from tieout.tasks.controls import dags

globals().update(dags("policy_acknowledgment"))
