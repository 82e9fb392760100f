# SPDX-License-Identifier: Apache-2.0
"""The acknowledgment campaign of the made-up company: 400 people, two policies, and all that is known of what comes of it."""
