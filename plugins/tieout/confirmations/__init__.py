# SPDX-License-Identifier: Apache-2.0
"""Owner confirmations: what somebody filled in, held against the form, and files, checked before anybody stores them.

    requests     what an owner is asked, frozen: the form word for word, and how a campaign takes it
    deviations   questions about deviations: the form that asks them, and what answers say of each
    filled       a whole form: typed values, or problems in words for the person
    answers      the answer to one field
    uploads      a stream of bytes becomes a checked file, or a refusal
    file_names   the name that a file came with
    file_bytes   PDF, pictures and text, told by their bytes
    office       DOCX, XLSX and PPTX, part by part

    handed       what was handed in, as one document that a response names
    outcomes     what came of it, row for row

Nothing is opened to be shown, and nothing runs.
"""
