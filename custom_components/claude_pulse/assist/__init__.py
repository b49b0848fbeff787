"""Answers for voice assistants and language models.

`exposed` reads the limits that are exposed to an assistant. `questions` finds what a question
is about, and `answers` builds the spoken and the structured answer. `usage_intent` is the
intent of the voice assistants. The tool for language models is in `llm.py`, where Home
Assistant looks for it.

This package imports `runtime` and the rows above it in AGENTS.md.
"""
