"""The log of a Postfix, written line by line with a clock that tests set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path


class MailLog:
    """A log that began an hour before ``now``, as that of a server that was there before us."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self.path = path
        self._now = now
        self._numbers = count(0xB000000000)
        self.write("postfix/master[1]: daemon started -- version 3.7.11", at=now() - timedelta(hours=1))

    def write(self, text: str, *, at: datetime | None = None) -> None:
        """Add a line."""
        with self.path.open("a") as file:
            file.write(f"{at or self._now():%Y-%m-%dT%H:%M:%S.%f%z} mx {text}\n")

    def header(self, message_id: str) -> str:
        """The beginning of a message, of which the end is open; its queue id."""
        queue_id = f"{next(self._numbers):X}"
        self.write(
            f"postfix/smtpd[{queue_id[-4:].translate(DIGITS)}]: {queue_id}: client=localhost[127.0.0.1]"
        )
        self.write(f"postfix/cleanup[3]: {queue_id}: message-id={message_id}")
        return queue_id

    def accepted(self, message_id: str, *, sender: str, recipient: str) -> None:
        """A message that was accepted and delivered."""
        queue_id = self.header(message_id)
        self.write(f"postfix/qmgr[4]: {queue_id}: from=<{sender}>, size=900, nrcpt=1 (queue active)")
        self.write(
            f"postfix/virtual[5]: {queue_id}: to=<{recipient}>, relay=virtual, delay=0.1, "
            "delays=0.1/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)"
        )
        self.write(f"postfix/qmgr[4]: {queue_id}: removed")

    def refused(self, message_id: str) -> None:
        """A message that was rejected after its data."""
        queue_id = self.header(message_id)
        self.write(
            f"postfix/cleanup[3]: {queue_id}: milter-reject: END-OF-MESSAGE from localhost: 4.7.1 later"
        )


DIGITS = str.maketrans("ABCDEF", "123456")
