# SPDX-License-Identifier: Apache-2.0
"""Acknowledgment of policies: who is to acknowledge which version of what, and by when. Pure."""
