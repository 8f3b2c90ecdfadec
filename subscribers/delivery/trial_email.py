"""Sends one test email to one email address: it is marked as a test and counts in no totals."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime

from subscribers.delivery_id import special_message_id
from subscribers.errors import NotifyError
from subscribers.messages.message import Message
from subscribers.settings import Sender
from subscribers.transports import NotSentError, OutgoingBatch, Recipient, Transport, UnconfirmedError
from subscribers.users.email_addresses import read_address


class TrialEmailError(NotifyError):
    """The test email was not sent, or perhaps not."""


def send_test(
    transport: Transport, message: Message, *, sender: Sender, address: str, now: datetime
) -> str | None:
    """Send ``message`` to ``address`` at once, its subject marked; the provider's id for it."""
    try:
        recipient = read_address(address)
    except ValueError as error:
        raise TrialEmailError(f"{address}: is not an email address ({error}); correct it") from error
    token = secrets.token_hex(16)
    outgoing = OutgoingBatch(
        token=token,
        written_at=now,
        sender=sender,
        message=replace(message, subject=f"[Test] {message.subject}"),
        recipients=(
            Recipient(
                delivery=f"test-{token}",
                address=recipient,
                message_id=special_message_id("test", token, domain=sender.address.domain),
            ),
        ),
    )
    try:
        return transport.prepare(outgoing).send(may_write=lambda: True)
    except NotSentError as error:
        raise TrialEmailError(f"test email: not sent ({error}); see policy-notify doctor") from error
    except UnconfirmedError as error:
        raise TrialEmailError(
            f"test email: perhaps sent ({error}); check the mailbox before you repeat it"
        ) from error
