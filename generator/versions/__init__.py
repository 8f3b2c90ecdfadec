"""Decides what the versions of each document are, from git history and rendered Markdown."""
