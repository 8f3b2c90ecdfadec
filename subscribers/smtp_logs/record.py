"""One statement of a mail server's log about one message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Fate(StrEnum):
    """The fate of a message as the server says, from weakest to strongest."""

    SEEN = "seen"  # its header arrived; whether the message was accepted is not said
    REFUSED = "refused"  # not accepted: rejected after its data, or the connection ended before
    ACCEPTED = "accepted"  # in the server's queue
    DEFERRED = "deferred"  # accepted, and the next server wants it later
    DELIVERED = "delivered"  # accepted by the next server, or in the mailbox
    BOUNCED = "bounced"  # accepted, and given up

    @property
    def is_accepted(self) -> bool:
        """Whether the server has taken the message over."""
        return self not in {Fate.SEEN, Fate.REFUSED}


STRENGTH = tuple(Fate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The statement of one line of a log about a message.

    The same Message-ID may have several queue ids: when it was sent again after a refusal, or when a filter
    handed it back to the server.
    """

    fate: Fate
    message_id: str  # with its angle brackets
    queue_id: str
    at: datetime
    sender: str | None = None  # the envelope sender, where the log has named it
    recipient: str | None = None  # as the server delivered it; None where the line is about the message
    original_recipient: str | None = None  # as it was given in RCPT, where an alias has changed it
    status: str | None = None  # the enhanced status code, such as 5.1.1
    words: str = ""  # of the server that answered; they may quote email addresses

    def is_for(self, address: str) -> bool:
        """Whether the line names this email address, in any case."""
        folded = address.casefold()
        return any(
            name is not None and name.casefold() == folded
            for name in (self.original_recipient, self.recipient)
        )
