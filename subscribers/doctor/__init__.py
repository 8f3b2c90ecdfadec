"""Checks everything that sending depends on, before anything is sent. Changes and sends nothing."""
