"""What can be refused, each with where, what and what to do. Anything else that is raised is a bug."""

from __future__ import annotations


class PolicyError(Exception):
    """An expected refusal: its text is one line for the person at the terminal."""
