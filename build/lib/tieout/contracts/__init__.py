# SPDX-License-Identifier: Apache-2.0
"""Evidence types: an ODCS contract gives the Arrow schema and the rules that a population is held against."""
