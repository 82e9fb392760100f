# SPDX-License-Identifier: Apache-2.0
"""Anchor the head of the chain where whoever has the bucket can not reach it."""
