"""Checks of a change before readers see it. One file holds one kind of check."""
