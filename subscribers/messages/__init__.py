"""Composes the messages that people are sent: one text, one HTML page, the same words."""
