"""``policy-notify release``: lets a held or paused announcement be sent."""

from __future__ import annotations

import os

from subscribers.announcing import announcements
from subscribers.commands.shared import AnnouncementId, open_for_sending
from subscribers.printable import say
from subscribers.settings import read_settings

EXAMPLE = "policy-notify release 2 && policy-notify deliver"


def release_command(announcement: AnnouncementId) -> None:
    """Release a held or paused announcement. The next deliver or publish sends it."""
    engine, _ = open_for_sending(read_settings(os.environ))
    announcements.release(engine, announcement)
    say(f"announcement {announcement} is open; send it with policy-notify deliver")
