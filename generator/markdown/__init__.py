"""Turns Markdown into HTML that is safe to show, with the files of the same commit."""
