"""The error of backups, restores and moves."""

from __future__ import annotations

from subscribers.errors import NotifyError


class BackupError(NotifyError):
    """An archive, a key or a database with which this cannot be done; nothing was changed."""
