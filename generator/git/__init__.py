"""Reads a git repository: its commits, its files at any of them, and its work tree."""
