"""How a batch leaves: what every transport offers, and what it may answer.

A transport knows nothing of the database. It says of each request whether it was accepted, was surely not
sent, or may have been sent; what follows from that is the ledger's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from subscribers.messages.message import Message
from subscribers.settings import Sender

# Under this name the provider is told the attempt's token, and says it again in each event. It was "attempt",
# which SendGrid itself uses in events of deferrals; events of mails from then may still come.
ATTEMPT_ARGUMENT = "notify_attempt"
FORMER_ATTEMPT_ARGUMENT = "attempt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One delivery; its id is announcement and person, opaque to all but the ledger.

    ``message_id`` is the same on every attempt, so that a mail store can tell a second copy.
    """

    delivery: str
    address: str
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """One message and all who get it in one attempt; ``token`` names the attempt to the provider."""

    token: str
    written_at: datetime
    sender: Sender
    message: Message
    recipients: tuple[Recipient, ...]


class Request(Protocol):
    """A mailing made ready: its bytes are fixed, nothing is sent yet."""

    @property
    def sha256(self) -> str:
        """Of all that would be written."""

    def send(self, *, may_write: Callable[[], bool]) -> str | None:
        """Write it; the provider's id for it once accepted.

        ``may_write`` is asked right before: once others may take the batch for unknown, nothing is written. A
        process or machine that slept too long must not wake and send.
        Raises a ``NotSentError`` when it was surely not accepted, ``UnconfirmedError`` when it may have been.
        """


class Transport(Protocol):
    """A way to send mail."""

    name: str
    batch_limit: int  # recipients of one request
    repeatable: bool  # writing the same mailing twice gives one mail

    def prepare(self, mailing: Mailing) -> Request:
        """The request for ``mailing``."""


class NotSentError(Exception):
    """The request was surely not accepted."""


class UnreachableError(NotSentError):
    """No connection came about; later it may."""


class TooLateError(NotSentError):
    """The lease ended before anything was written."""

    def __init__(self) -> None:
        super().__init__("the lease ended before anything was written")


class DeferredError(NotSentError):
    """The server does not take this mail now; others it may.

    ``reason`` is a code with its name, as in all refusals. ``slower``: the server wants less from us at all.
    """

    def __init__(self, detail: str, *, reason: str = "deferred", slower: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.slower = slower


class ThrottledError(NotSentError):
    """The provider takes no more for now; ``retry_after`` in seconds, None where it does not say."""

    def __init__(self, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class RefusedError(NotSentError):
    """The provider refuses a recipient of this request for good; ``unreachable``: and any mail to them."""

    def __init__(self, detail: str, *, reason: str = "refused", unreachable: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.unreachable = unreachable


class UnclearRefusalError(NotSentError):
    """Refused, and one such refusal does not show whether because of the recipient, the message or us.

    ``ours``: it surely is not because of the recipient.
    """

    def __init__(self, detail: str, *, reason: str = "refused", ours: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.ours = ours

    @classmethod
    def not_made(cls, error: Exception) -> UnclearRefusalError:
        """For a message that could not be made, whatever the reason."""
        kind = type(error).__name__
        return cls(
            f"the message could not be made ({kind}: {error})", reason=f"message not made: {kind}"[:80]
        )


class UnsupportedAddressError(NotSentError):
    """An email address has letters outside ASCII before the @, and they cannot be carried (RFC 6531)."""

    def __init__(self) -> None:
        super().__init__("letters outside ASCII before the @ need SMTPUTF8, which the server does not offer")


class MisconfiguredError(NotSentError):
    """The provider takes no request like this from us: credentials, sender or message are wrong."""


class UnconfirmedError(Exception):
    """The request was written, or partly; whether it was accepted is not known."""
