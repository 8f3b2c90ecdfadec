"""What a reader sees of a rendered text, defined once for versions and for redlines."""
