# SPDX-License-Identifier: Apache-2.0
"""Owner confirmations: files that somebody gives, checked before anybody stores them. No form asks for one yet.

    uploads      a stream of bytes becomes a checked file, or a refusal
    file_names   the name that a file came with
    file_bytes   PDF, pictures and text, told by their bytes
    office       DOCX, XLSX and PPTX, part by part

Nothing is opened to be shown, and nothing runs.
"""
