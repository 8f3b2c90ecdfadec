"""``policy-notify cancel``: ends an announcement for good."""

from __future__ import annotations

from subscribers.announcing import announcements
from subscribers.commands.shared import AnnouncementId, open_configured_database
from subscribers.printable import say

EXAMPLE = "policy-notify cancel 2"


def cancel_command(announcement: AnnouncementId) -> None:
    """Cancel what is left of an announcement. Users who missed it receive its changes in the next one."""
    announcements.cancel(open_configured_database(), announcement)
    say(f"announcement {announcement} is cancelled")
