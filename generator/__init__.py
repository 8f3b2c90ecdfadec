"""A policy's git history, made into a site: the text in force, every version, a redline of every change."""
