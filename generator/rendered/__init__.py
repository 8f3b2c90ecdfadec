"""The parts of a rendered text that a reader sees, defined once for versions and for redlines."""
