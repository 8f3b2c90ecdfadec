"""Reads and verifies a published site, and finds what in it is new to readers."""
