"""Sentences, numbers and times in a person's language: of messages and of spoken answers.

There is a JSON file for each language. Imports constants only.
"""
