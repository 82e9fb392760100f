# SPDX-License-Identifier: Apache-2.0
"""The evidence store: a public contract that a stranger can check. Its layout is version 1."""
