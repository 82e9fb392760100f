# SPDX-License-Identifier: Apache-2.0
"""The pages of Tieout in Airflow's UI: what owners do in Slack, for those with an Airflow login."""
