"""``policy-notify migrate``: creates the database or brings its schema up to date."""

from __future__ import annotations

import os

from subscribers.database import migrate, open_database
from subscribers.printable import say
from subscribers.settings import read_settings

EXAMPLE = "POLICY_NOTIFY_DATABASE_URL=sqlite:///var/notify.db policy-notify migrate"


def migrate_command() -> None:
    """Create the database, or bring its schema up to date with this version."""
    before, after = migrate(open_database(read_settings(os.environ).database()))
    if before == after:
        say(f"the database schema is up to date ({after})")
    elif before:
        say(f"the database schema was brought from {before} to {after}")
    else:
        say(f"the database was created (schema {after})")
