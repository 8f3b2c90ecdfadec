"""The ways to send a batch: the interface of every transport, and the errors it may raise.

A transport knows nothing about the database. For each request it says whether it was accepted, cannot
have been accepted, or may have been. The ledger decides what follows from that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from subscribers.messages.message import Message
from subscribers.settings import Sender

# The provider gets the attempt's token under this name and repeats it in each event. The name was "attempt",
# which SendGrid itself uses in events of deferrals; events about messages sent under that name may still
# arrive.
ATTEMPT_ARGUMENT = "notify_attempt"
FORMER_ATTEMPT_ARGUMENT = "attempt"
# The identity of the database that has made the attempt; so a database can notice that it is an old copy.
DATABASE_ARGUMENT = "notify_database"
# Of which publication a message is, as the Message-IDs of SMTP say: only recovery from an old copy needs it.
PUBLICATION_ARGUMENT = "notify_publication"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """The recipient of one delivery. Only the ledger can read the id in ``delivery``.

    ``message_id`` is the same on every attempt, so that a mailbox recognises a second copy.
    """

    delivery: str
    address: str
    message_id: str
    return_path: str | None = None  # the envelope sender, by SMTP; None: the From address


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingBatch:
    """One message and its recipients in one attempt. ``token`` identifies the attempt to the provider.

    ``database`` is the identity of the database that records the attempt; None if none does.
    """

    token: str
    written_at: datetime
    sender: Sender
    message: Message
    recipients: tuple[Recipient, ...]
    database: str | None = None


class Request(Protocol):
    """A batch that is ready to send: its bytes are fixed, but nothing has been sent."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of everything that would be written."""

    def send(self, *, may_write: Callable[[], bool]) -> str | None:
        """Send the request and return the provider's id for it.

        ``may_write`` is called immediately before writing. If it returns False, nothing is written: a process
        or machine that slept too long must not send a batch that others already count as unknown. Raises a
        ``NotSentError`` if the request cannot have been accepted, ``UnconfirmedError`` if it may have been.
        """


class Transport(Protocol):
    """A way to send email."""

    name: str
    batch_limit: int  # recipients of one request
    repeatable: bool  # sending the same batch twice gives one email

    def prepare(self, batch: OutgoingBatch) -> Request:
        """Prepare the request for ``batch``."""


class NotSentError(Exception):
    """The request cannot have been accepted."""


class UnreachableError(NotSentError):
    """The connection failed. A later one may succeed."""


class TooLateError(NotSentError):
    """The lease ended before anything was written."""

    def __init__(self) -> None:
        super().__init__("the lease ended before anything was written")


class DeferredError(NotSentError):
    """The server does not accept this message now. It may accept others.

    ``reason`` is a code with its name, as in all refusals. ``slower``: the server wants us to send less.
    """

    def __init__(self, detail: str, *, reason: str = "deferred", slower: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.slower = slower


class ThrottledError(NotSentError):
    """The provider accepts nothing more for now. ``retry_after`` is in seconds, None if it does not say."""

    def __init__(self, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class RefusedError(NotSentError):
    """The provider permanently refuses a recipient. ``unreachable``: it would refuse any email to them."""

    def __init__(self, detail: str, *, reason: str = "refused", unreachable: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.unreachable = unreachable


class UnclearRefusalError(NotSentError):
    """The refusal may be because of the recipient, the message or the sender: one refusal does not show.

    ``ours``: the recipient is known not to be the cause.
    """

    def __init__(self, detail: str, *, reason: str = "refused", ours: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.ours = ours

    @classmethod
    def not_made(cls, error: Exception) -> UnclearRefusalError:
        """The error for a message that could not be made because of ``error``."""
        kind = type(error).__name__
        return cls(
            f"the message could not be made ({kind}: {error})", reason=f"message not made: {kind}"[:80]
        )


class UnsupportedAddressError(NotSentError):
    """An email address has letters outside ASCII before the @, which cannot be sent (RFC 6531)."""

    def __init__(self) -> None:
        super().__init__("letters outside ASCII before the @ need SMTPUTF8, which the server does not offer")


class MisconfiguredError(NotSentError):
    """The provider accepts no such request from us: the credentials, the sender or the message is wrong."""


class UnconfirmedError(Exception):
    """The request was written, at least in part. It is unknown whether it was accepted."""
