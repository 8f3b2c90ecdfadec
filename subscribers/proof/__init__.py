"""Proof of an announcement: who was told what, when and with which outcome, for people who trust nobody."""
