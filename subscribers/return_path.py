"""The signed return path: the envelope sender of a message, which names its delivery.

A mail server returns a bounce to the envelope sender, so the email address that a bounce arrives at tells
whose message it was, however it is written ("variable envelope return path"). The signature shows that the
address was made here: only the recipient's side has ever seen it. It is bound to the user's pseudonym key, so
that it fits no other user whose number is the same, and nobody once the user was erased.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from subscribers.delivery_id import DeliveryId

PURPOSE = b"policysite: return paths"  # the same secrets are used for other purposes too
SIGNATURE_BYTES = 10  # 80 bits, the least that RFC 2104 (section 5) advises; a guess costs a message
LONGEST_LOCAL_PART = 64  # octets: RFC 5321, section 4.5.3.1.1
LONGEST_EXTENSION = len("+999999999-999999999-") + SIGNATURE_BYTES * 8 // 5
LONGEST_MAILBOX = LONGEST_LOCAL_PART - LONGEST_EXTENSION  # octets before the @ of the configured address


class SignedDelivery(NamedTuple):
    """The delivery that a return path names, and the signature, which is still to be checked."""

    delivery: DeliveryId
    signature: str


class ReturnPath:
    """Composes and reads the return paths below one email address.

    ``keys`` are the operator's secrets, newest first: the newest signs, and all of them are accepted.
    """

    def __init__(self, address: str, keys: Sequence[str]) -> None:
        assert keys, "a return path without a signature would let anybody report a bounce"
        self.address = address
        self._mailbox, _, self._domain = address.rpartition("@")
        self._keys = [hmac.digest(key.encode(), PURPOSE, "sha256") for key in keys]
        # Servers may change the case, and quote the address in many ways: =, < and : are common around it.
        self._pattern = re.compile(
            rf"(?i)(?<![\w.+-]){re.escape(self._mailbox)}\+([1-9]\d{{0,8}}-[1-9]\d{{0,8}})-([a-z2-7]{{16}})"
            rf"@{re.escape(self._domain)}(?![\w-]|\.\w)"
        )

    @property
    def domain(self) -> str:
        """The domain to which bounces are sent."""
        return self._domain

    def address_for(self, delivery: DeliveryId, *, publication: str, pseudonym_key: bytes) -> str:
        """The envelope sender of a delivery: ``bounces+2-17-abcdefghijklmnop@example.com``."""
        [newest, *_] = self._addresses(delivery, publication, pseudonym_key)
        return newest

    def addresses_for(
        self, delivery: DeliveryId, *, publication: str, pseudonym_key: bytes
    ) -> frozenset[str]:
        """The envelope senders that a delivery may have had, one for each secret."""
        return frozenset(self._addresses(delivery, publication, pseudonym_key))

    def read(self, text: str) -> frozenset[SignedDelivery]:
        """The deliveries that return paths in ``text`` name. Their signatures are still to be checked."""
        return frozenset(
            SignedDelivery(delivery, found[2].lower())
            for found in self._pattern.finditer(text)
            if (delivery := DeliveryId.parse(found[1])) is not None
        )

    def is_mailbox(self, text: str) -> bool:
        """Whether ``text`` contains the configured email address, with or without an extension."""
        return (
            re.search(
                rf"(?i)(?<![\w.+-]){re.escape(self._mailbox)}(\+[^\s@<>]*)?@{re.escape(self._domain)}(?![\w-]|\.\w)",
                text,
            )
            is not None
        )

    def fits(self, named: SignedDelivery, *, publication: str, pseudonym_key: bytes) -> bool:
        """Whether the signature is ours, for this user's delivery of this publication."""
        own = self._signatures(named.delivery, publication, pseudonym_key)
        return any(hmac.compare_digest(named.signature, signature) for signature in own)

    def _addresses(self, delivery: DeliveryId, publication: str, pseudonym_key: bytes) -> Iterator[str]:
        for signature in self._signatures(delivery, publication, pseudonym_key):
            yield f"{self._mailbox}+{delivery}-{signature}@{self._domain}"

    def _signatures(self, delivery: DeliveryId, publication: str, pseudonym_key: bytes) -> Iterator[str]:
        for key in self._keys:
            signed = hmac.digest(key, f"{delivery}\0{publication}\0".encode() + pseudonym_key, "sha256")
            # Base32 survives servers that change the case (RFC 5321 lets only the recipient's own do so).
            yield base64.b32encode(signed[:SIGNATURE_BYTES]).decode().lower()
