"""``policy-notify release``: lets a held or paused announcement be sent."""

from __future__ import annotations

from subscribers.announcing import announcements
from subscribers.commands.shared import AnnouncementId, open_configured_database
from subscribers.printable import say

EXAMPLE = "policy-notify release 2 && policy-notify deliver"


def release_command(announcement: AnnouncementId) -> None:
    """Release a held or paused announcement. The next deliver or publish sends it."""
    announcements.release(open_configured_database(), announcement)
    say(f"announcement {announcement} is open; send it with policy-notify deliver")
