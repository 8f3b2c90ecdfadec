"""Checks the DKIM signature of a received email with the keys that the list names, as they were then.

A signature that fits shows that the sender's own mail server sent exactly this to this recipient. One that
does not fit shows little: lists, gateways and virus scanners break signatures every day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_bytes
from enum import Enum

from subscribers.site.notices_json import NoticedDkimKey

_TAG = re.compile(r"(?:^|;)\s*(d|s)\s*=\s*([^;\s]+)")
# A server signs for the recipient only what it names; without these the signature could be on another email.
_NEEDED = frozenset({"from", "to", "subject", "date"})


class Fit(Enum):
    """Whether an email has a signature of its sender's domain, and whether the signature fits."""

    FITS = "fits"
    BROKEN = "does not fit"
    UNKNOWN_KEY = "cannot be checked with the keys in the list"
    MISSING = "is missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The best signature of the sender's domain; ``key`` is the DNS name of its key."""

    fit: Fit
    key: str | None = None


def check_signature(raw: bytes, sender_address: str, keys: Iterable[NoticedDkimKey]) -> Signature:
    """The best of the email's signatures whose domain is the sender's or one above it."""
    sender_domain = sender_address.rpartition("@")[2].lower()
    records: dict[str, list[str]] = {}
    for key in keys:
        records.setdefault(f"{key.selector}._domainkey.{key.domain}", []).append(key.record)
    found = [Signature(fit=Fit.MISSING)]
    for position, header in enumerate(message_from_bytes(raw).get_all("DKIM-Signature", [])):
        tags = dict(_TAG.findall(str(header)))
        domain, name = tags.get("d", "").lower(), f"{tags.get('s')}._domainkey.{tags.get('d')}".lower()
        if not domain or not f".{sender_domain}".endswith(f".{domain}"):
            continue
        if name not in records or "a=ed25519" in "".join(str(header).split()):  # dkimpy needs PyNaCl for it
            found.append(Signature(fit=Fit.UNKNOWN_KEY, key=name))
            continue
        fits = any(_fits(raw, position, record) for record in records[name])
        found.append(Signature(fit=Fit.FITS if fits else Fit.BROKEN, key=name))
    return min(found, key=lambda one: list(Fit).index(one.fit))


def _fits(raw: bytes, position: int, record: str) -> bool:
    import dkim  # noqa: PLC0415 - only this check needs it

    verifier = dkim.DKIM(raw)
    try:
        if not verifier.verify(idx=position, dnsfunc=lambda *_, **__: record.encode()):
            return False
    except (dkim.DKIMException, ValueError, TypeError, IndexError, KeyError):
        return False
    signed = {name.decode("ascii", "replace").lower() for name, _ in verifier.signed_headers}
    return signed >= _NEEDED and "l" not in {
        tag.decode("ascii", "replace") for tag in verifier.signature_fields
    }
