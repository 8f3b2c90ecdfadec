"""Proves who was notified of what, when and with which outcome, to people who need not trust us."""
