"""Turns a policy's git history into a site: the current version, every past version and every redline."""
