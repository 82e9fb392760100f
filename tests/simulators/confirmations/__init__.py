# SPDX-License-Identifier: Apache-2.0
"""Two confirmations of the made-up company, with files: what is filled in, who looks, and what is known to come of it."""
