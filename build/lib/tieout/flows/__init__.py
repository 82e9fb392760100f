# SPDX-License-Identifier: Apache-2.0
"""The flows of a kind of control, step by step and without Airflow: tasks and the CLI run the same functions."""
