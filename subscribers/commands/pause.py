"""``policy-notify pause``: stops an announcement for a while."""

from __future__ import annotations

from subscribers.announcing import announcements
from subscribers.commands.shared import AnnouncementId, open_configured_database
from subscribers.printable import say

EXAMPLE = "policy-notify pause 2"


def pause_command(announcement: AnnouncementId) -> None:
    """Pause an announcement after the current batch, until it is released."""
    announcements.pause(open_configured_database(), announcement)
    say(f"announcement {announcement} is paused; continue it with policy-notify release {announcement}")
