# SPDX-License-Identifier: Apache-2.0
"""Slack: the guard before Bolt, the listeners, what people see there, and what is sent to them."""
