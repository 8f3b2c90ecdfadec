"""Notifies registered users of every published change, once each, and keeps the proof."""
