"""Reads one event of SendGrid: which delivery it is about, what became of it and of the email address. Pure.

An email address counts as unreachable only if the event says that it does not exist, or that its owner
wants nothing from us. A full mailbox, a spam filter's verdict or a missing signature says nothing of the
address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeGuard

from subscribers.delivery_id import DeliveryId
from subscribers.model import Outcome, Unreachable
from subscribers.transports import (
    ATTEMPT_ARGUMENT,
    DATABASE_ARGUMENT,
    FORMER_ATTEMPT_ARGUMENT,
    PUBLICATION_ARGUMENT,
)
from subscribers.transports.status_codes import Fault, fault_of, meaning

TOKEN = re.compile(r"[0-9a-f]{32}")
PUBLICATION = re.compile(r"[0-9a-f]{16}")
LONGEST_WORD = 255  # characters; SendGrid's ids have some 60
LONGEST_KIND = 32
LATEST = 253_402_300_800  # the year 10000, which a date cannot hold
OUTCOMES = {
    "processed": Outcome.PROCESSED,
    "delivered": Outcome.DELIVERED,
    "dropped": Outcome.DROPPED,
    "bounce": Outcome.BOUNCED,
    "spamreport": Outcome.COMPLAINED,
}
# SendGrid's documentation of the event webhook, "Delivery events": the reasons of "dropped" that name a list
# on which the address is. Others ("Invalid SMTPAPI header", "Spam Content", a quota) are ours.
DROPS = {
    "bounced address": Unreachable.BOUNCED,
    "invalid": Unreachable.BOUNCED,
    "spam reporting address": Unreachable.COMPLAINED,
    "unsubscribed address": Unreachable.COMPLAINED,
}
# In the same place: a bounce of the type "blocked" is of this message, one of the type "bounce" of the
# address. But a full mailbox has that type as well, so the classification and the status code decide.
BLOCKED = "blocked"
OF_THE_ADDRESS = ("invalid address", "invalid addresses")
OPEN_CLASSIFICATIONS = ("", "unclassified", "mailbox unavailable")  # those that leave it to the status code
REPLY = re.compile(r"\s*([45][0-9]{2})[ -]?(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event about an attempt; ``address`` is used only to find the user and is not kept."""

    event_id: str
    token: str
    kind: str
    occurred_at: datetime
    delivery: DeliveryId | None
    publication: str | None  # which the message is about; messages of earlier versions do not say it
    provider_id: str | None
    address: str
    detail: str | None
    database: str | None  # the identity of the database that has made the attempt
    unreachable: Unreachable | None  # what it says of the email address

    @property
    def outcome(self) -> Outcome | None:
        """The outcome that it reports for the delivery; None for kinds that report none."""
        return OUTCOMES.get(self.kind)


def read_event(listed: Any) -> Event | None:
    """An event that names an attempt; None for any other."""
    if not isinstance(listed, dict):
        return None
    token = listed.get(ATTEMPT_ARGUMENT) or listed.get(FORMER_ATTEMPT_ARGUMENT)
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        return None
    event_id, kind, timestamp = (listed.get(name) for name in ("sg_event_id", "event", "timestamp"))
    if not (_is_word(event_id) and _is_word(kind) and type(timestamp) is int and 0 <= timestamp < LATEST):
        return None
    if len(kind) > LONGEST_KIND:
        return None
    message_id, database = listed.get("sg_message_id"), listed.get(DATABASE_ARGUMENT)
    publication = listed.get(PUBLICATION_ARGUMENT)
    is_named = isinstance(publication, str) and PUBLICATION.fullmatch(publication)
    return Event(
        event_id=event_id,
        token=token,
        kind=kind,
        occurred_at=datetime.fromtimestamp(timestamp, UTC),
        delivery=DeliveryId.parse(str(listed.get("delivery"))),
        publication=publication if is_named else None,
        # "The first part of it is the X-Message-Id": SendGrid's documentation, "Event objects".
        provider_id=message_id.partition(".")[0] if _is_word(message_id) else None,
        address=_clean(str(listed.get("email", ""))),
        detail=_clean(str(listed["reason"])) if listed.get("reason") else None,
        database=database if isinstance(database, str) and TOKEN.fullmatch(database) else None,
        unreachable=_unreachable(listed, kind),
    )


def _is_word(value: object) -> TypeGuard[str]:
    """Whether it is a short text of printable ASCII characters, as ids and kinds are."""
    return (
        isinstance(value, str) and 0 < len(value) <= LONGEST_WORD and value.isascii() and value.isprintable()
    )


def _clean(text: str) -> str:
    """Return ``text`` in a form that a database can store."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _unreachable(listed: dict[str, Any], kind: str) -> Unreachable | None:
    reason = str(listed.get("reason") or "")
    match OUTCOMES.get(kind):
        case Outcome.COMPLAINED:
            return Unreachable.COMPLAINED
        case Outcome.DROPPED:
            return DROPS.get(reason.strip().casefold())
        case Outcome.BOUNCED if listed.get("type") != BLOCKED and _is_of_the_address(listed, reason):
            return Unreachable.BOUNCED
        case _:
            return None


def _is_of_the_address(listed: dict[str, Any], reason: str) -> bool:
    """Whether the email address does not exist, by the status code, or the classification if it is vague."""
    classification = str(listed.get("bounce_classification") or "").strip().casefold()
    fault = fault_of(str(listed.get("status") or "").strip())
    if fault is Fault.UNCLEAR and (reply := REPLY.match(reason)):
        fault = meaning(int(reply[1]), reply[2], stage="RCPT").fault
    if classification in OF_THE_ADDRESS:
        return fault in {Fault.ADDRESS, Fault.UNCLEAR}
    return fault is Fault.ADDRESS and classification in OPEN_CLASSIFICATIONS
