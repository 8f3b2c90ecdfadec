"""Expected refusals, each with where, what and what to do. Any other exception is a bug."""

from __future__ import annotations


class NotifyError(Exception):
    """An expected refusal: its text is one line for the person at the terminal."""
