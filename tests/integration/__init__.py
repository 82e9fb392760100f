# SPDX-License-Identifier: Apache-2.0
"""Tests against the embedded object store and Airflow."""
