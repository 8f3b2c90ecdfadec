"""The web server of ``policy-notify serve``."""
