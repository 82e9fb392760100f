# SPDX-License-Identifier: Apache-2.0
"""What people see in Slack, as Block Kit. Pure: values in, JSON values out, every text within Slack's limits.

Persons are given by name through a mapping. With an empty one the same functions say what was presented with person ids, which is
what locked records hold.
"""
