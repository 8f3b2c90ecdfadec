"""Backups of the whole database, encrypted while they are written, and the move to another database."""
