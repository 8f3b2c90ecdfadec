"""Announcements: made of a publication, frozen, recorded."""
