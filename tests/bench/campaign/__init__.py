# SPDX-License-Identifier: Apache-2.0
"""People answer a campaign in Slack, fifty pages a second, in a running Airflow; and while the object store is down."""
