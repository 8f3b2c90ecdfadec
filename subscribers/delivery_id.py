"""Delivery ids and Message-IDs: composed and parsed here alone.

A delivery id names an announcement and a recipient by our own numbers, so it means nothing to anybody else. A
Message-ID is the same on every attempt, so that a mail server or a mail client can recognise a second copy.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Self

_DELIVERY_ID = re.compile(r"([1-9][0-9]{0,8})-([1-9][0-9]{0,8})")
PUBLICATION_DIGITS = 16  # of a publication's SHA-256
_MESSAGE_ID = re.compile(r"<?([1-9][0-9]{0,8}-[1-9][0-9]{0,8})\.([0-9a-f]{16})@([^<>@\s]+)>?")
_SPECIAL_MESSAGE_ID = re.compile(r"<?(canary|test)-([0-9a-f]{32})@([^<>@\s]+)>?")


class DeliveryId(NamedTuple):
    """Names one delivery: of which announcement, to which recipient. Written ``2-17``."""

    announcement_id: int
    recipient_id: int

    def __str__(self) -> str:
        return f"{self.announcement_id}-{self.recipient_id}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The delivery id that ``text`` is; None if it is none."""
        found = _DELIVERY_ID.fullmatch(text)
        return cls(int(found[1]), int(found[2])) if found else None


def publication_of(versions_sha256: str) -> str:
    """The part of a Message-ID that names the publication: the first digits of its digest.

    They tell the Message-IDs of two installations with the same sender apart.
    """
    return versions_sha256[:PUBLICATION_DIGITS]


def message_id(delivery: DeliveryId, *, publication: str, domain: str) -> str:
    """The Message-ID of a delivery's email: ``<2-17.0123456789abcdef@example.com>``."""
    return f"<{delivery}.{publication}@{domain}>"


class MessageId(NamedTuple):
    """The parts of the Message-ID of a delivery's email."""

    delivery: DeliveryId
    publication: str
    domain: str  # in small letters


def parse_message_id(text: str) -> MessageId | None:
    """The parts of a Message-ID of ours, with or without its angle brackets; None if it is none."""
    found = _MESSAGE_ID.fullmatch(text)
    delivery = DeliveryId.parse(found[1]) if found else None
    return MessageId(delivery, found[2], found[3].lower()) if found and delivery else None


def message_id_pattern(announcement_id: int, recipient_id: int | None, versions_sha256: str) -> str:
    """The part of a batch's Message-IDs before the @; without a recipient, N stands for their number."""
    recipient = "N" if recipient_id is None else recipient_id
    return f"{announcement_id}-{recipient}.{publication_of(versions_sha256)}"


def special_message_id(kind: str, token: str, *, domain: str) -> str:
    """The Message-ID of an email that belongs to no delivery: a ``canary`` or a ``test``."""
    return f"<{kind}-{token}@{domain}>"


def parse_special_message_id(text: str) -> tuple[str, str] | None:
    """The kind and the token of such a Message-ID, with or without its angle brackets; None if it is none."""
    found = _SPECIAL_MESSAGE_ID.fullmatch(text)
    return (found[1], found[2]) if found else None
