# SPDX-License-Identifier: Apache-2.0
"""One Airflow DAG per control of kind owner_confirmation: include/criteria/controls/<dag id>.yaml."""

from tieout.tasks.controls import dags

globals().update(dags("owner_confirmation"))
