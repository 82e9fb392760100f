# SPDX-License-Identifier: Apache-2.0
"""100,000 people acknowledge a policy: frozen, told in Slack at the pace that Slack takes, answered, folded, landed."""
