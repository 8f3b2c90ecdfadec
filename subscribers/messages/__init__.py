"""Composes the messages that users are sent: one text, one HTML page, the same words."""
