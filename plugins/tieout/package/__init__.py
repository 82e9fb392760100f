# SPDX-License-Identifier: Apache-2.0
"""The package: what an auditor receives for an observation period, checkable offline, made from the bucket as one digest saw it.

    index.html             what it holds, figures with the query behind each, plots with their tables
    evidence-workbook.xlsx controls, populations, performances, deviations, selections ... as tables
    populations/ covers/   rows of a period as CSV, numbered; a page for each landing: where its rows come from, and how
    items/ pbc/ oscal/     sheets of selected items, the auditor's request lists, machine-readable documents
    references.csv         objects of the bucket that are named and not copied, if any
    contents.json          every file with its SHA-256; of which digest it is, and what was left out
    VERIFY.md              how to check it without Tieout
    bucket/                the objects themselves, under their keys, as they were signed

Equal evidence gives equal bytes: a package that is made again differs in what has changed and in nothing else.
"""
