# SPDX-License-Identifier: Apache-2.0
"""A quarterly review of access of the made-up company Shop: its lists, what is wrong in them, people who answer in Slack."""
