# SPDX-License-Identifier: Apache-2.0
"""Airflow: builds DAGs and tasks out of the flows, one module per kind of control. Nothing here is slow to import."""
