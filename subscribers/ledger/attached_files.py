"""Finds the files that are attached to a message, in their order."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, select

from subscribers.model import attachments


def attached_to(content: Row[Any]) -> Select[str, str, str]:
    """The name, the media type and the SHA-256 of each file of one row of ``contents``."""
    return (
        select(attachments.c.name, attachments.c.media_type, attachments.c.sha256)
        .where(
            attachments.c.announcement_id == content.announcement_id,
            attachments.c.language == content.language,
            attachments.c.last_notified_id == content.last_notified_id,
        )
        .order_by(attachments.c.position)
    )
