"""A mailbox of reports, as the intake needs it, and the run through all that is new in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol

from subscribers.bounces.intake import Taken
from subscribers.errors import NotifyError


class MailboxError(NotifyError):
    """The mailbox cannot be read; everything taken in so far is recorded."""


class Mailbox(Protocol):
    """A folder of messages. A message keeps its ``key`` until it is removed or marked."""

    def unread(self) -> Iterator[tuple[str, bytes]]:
        """The messages that are not marked as read, each with its key. Raises MailboxError."""

    def remove(self, key: str) -> None:
        """Remove a message; one that is gone already is no error."""

    def mark_as_read(self, key: str) -> None:
        """Mark a message as read, so that it is not taken in again."""

    def remove_old(self, *, before: datetime, is_ours: Callable[[bytes], bool]) -> int:
        """Remove the read messages from before that day whose header ``is_ours``; return how many."""


def take_in_all(mailbox: Mailbox, take: Callable[[bytes], Taken]) -> Counter[Taken]:
    """Take in every unread message; count what became of them.

    A report that has served its purpose is removed, after ``take`` has recorded it. All others are marked as
    read and stay.
    """
    counts: Counter[Taken] = Counter()
    for key, raw in mailbox.unread():
        taken = take(raw)
        counts[taken] += 1
        if taken.is_done:
            mailbox.remove(key)
        else:
            mailbox.mark_as_read(key)
    return counts
