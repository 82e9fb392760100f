# SPDX-License-Identifier: Apache-2.0
"""Tests of the DAG files and of what Airflow loads."""
