# SPDX-License-Identifier: Apache-2.0
"""What a person sees of campaigns and may do in them, the same in Slack, on the pages and in Airflow."""
