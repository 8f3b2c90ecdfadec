"""Recovers an old copy of the database: what was sent since, by all evidence that is left."""
