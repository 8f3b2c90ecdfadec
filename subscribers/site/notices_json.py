"""Parses, signs and verifies ``notices.json``, the list of all emails that were sent.

The signature covers the canonical form of the list: JSON without spaces and with sorted keys, in UTF-8, as in
RFC 8785, after a prefix that no other signed file begins with. Keys that are not named here are ignored,
because additions keep the format number, but they are signed like the others.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from subscribers.errors import NotifyError
from subscribers.signing import WrongKeyError, is_signed, parse_public_key
from subscribers.site.history_json import (
    DocumentId,
    Label,
    LanguageCode,
    ObjectId,
    Positive,
    Sha256,
    SitePath,
    SiteUrl,
)

FORMAT: Final = 1
NOTICES = "notices.json"
PREFIX = b"policysite notices\0"

Count = Annotated[int, Field(ge=0)]
State = Literal["held", "sending", "paused", "complete", "cancelled"]


class UnreadableNoticesError(NotifyError):
    """The file is not a list of emails in a format that this version reads."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}; write the file again with policy-notify notices")
        self.where = where


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticedSender:
    """The sender of an email: its From, and the address for answers."""

    name: str
    address: str
    reply_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticedDocument:
    """A version that an announcement was about. ``path`` is its permanent page."""

    id: DocumentId
    label: Label
    source_blob: ObjectId
    title: str
    language: LanguageCode
    path: SitePath


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticedAttachment:
    """A file that came with a message."""

    name: str
    media_type: str
    sha256: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticedMessage:
    """One message of an announcement; the digests are of the canonical forms of its text and its HTML."""

    language: LanguageCode
    subject: str
    text_sha256: Sha256
    html_sha256: Sha256
    attachments: tuple[NoticedAttachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticedTotals:
    """The totals of one announcement: ``audience`` is the sum of the other five."""

    audience: Count
    accepted: Count
    excluded: Count
    rejected: Count
    unknown: Count
    waiting: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticedAnnouncement:
    """One announcement.

    ``publication`` names the versions it announced, so it is unique. ``sent_from_at`` and ``sent_until_at``:
    when its first and its newest request were made. ``complete_at``: since when nobody is waiting or unknown.
    """

    announcement: Positive
    publication: Sha256
    made_at: AwareDatetime
    state: State
    sent_from_at: AwareDatetime | None
    sent_until_at: AwareDatetime | None
    complete_at: AwareDatetime | None
    sender: NoticedSender
    documents: tuple[NoticedDocument, ...]
    messages: tuple[NoticedMessage, ...]
    totals: NoticedTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticedDkimKey:
    """The DNS record with the public key of a DKIM selector, and the days on which it was seen there."""

    domain: str
    selector: str
    record: str
    first_seen_on: date
    last_seen_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticedProof:
    """The newest proof that was exported."""

    announcement: Positive
    head_sha256: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticedLedger:
    """How far the ledger had come. A database with the same identity that does not know it is an old copy.

    ``identity_sha256``: of the database's identity. ``number`` and ``head``: of its newest attempt.
    """

    identity_sha256: Sha256
    number: Count
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """The list, newest announcement first. A list with a lower ``sequence`` is older."""

    format: Literal[1]
    site_url: SiteUrl
    sequence: Positive
    written_at: AwareDatetime
    announcements: tuple[NoticedAnnouncement, ...]
    dkim_keys: tuple[NoticedDkimKey, ...]
    newest_proof: NoticedProof | None
    ledger: NoticedLedger | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedNotices:
    """A list and its signature. ``public_key`` is the one that the file itself names."""

    notices: Notices
    public_key: Ed25519PublicKey
    signature: bytes
    signed: bytes

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        """Whether ``key`` has signed the list."""
        return is_signed(key, self.signature, self.signed)


_NOTICES = TypeAdapter(Notices)


def sign_notices(notices: Notices, key: Ed25519PrivateKey) -> bytes:
    """The file ``notices.json``, signed."""
    content = _NOTICES.dump_python(notices, mode="json")
    envelope = {
        "notices": content,
        "public_key": key_text(key.public_key()),
        "signature": base64.b64encode(key.sign(_canonical(content))).decode(),
    }
    return (json.dumps(envelope, ensure_ascii=False, indent=1) + "\n").encode()


def parse_notices(raw: bytes, *, where: str) -> SignedNotices:
    """The list in ``raw``. The caller has to ask whose signature it has; ``where`` names it in an error."""
    try:
        envelope = json.loads(raw, parse_float=_refuse, parse_constant=_refuse)
        content = envelope["notices"]
        canonical = _canonical(content)
        notices = _NOTICES.validate_json(canonical[len(PREFIX) :], strict=True)
        public_key = parse_public_key(envelope["public_key"], setting=where)
        signature = base64.b64decode(envelope["signature"], validate=True)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, problem["loc"]))
        if place == "format":
            what = f"has format {problem['input']!r:.40}, but this policy-notify reads only format {FORMAT}"
        else:
            what = f"{place}: {problem['msg']}"
        raise UnreadableNoticesError(where, what) from error
    except WrongKeyError as error:
        raise UnreadableNoticesError(where, "its public_key is not an Ed25519 key") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
        raise UnreadableNoticesError(where, "is not a signed list of emails") from error
    return SignedNotices(notices=notices, public_key=public_key, signature=signature, signed=canonical)


def key_text(key: Ed25519PublicKey) -> str:
    """The public key as one line: what is between the first and the last line of its PEM file."""
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def _canonical(content: Any) -> bytes:
    """The bytes that are signed. There are no fractions in it, so this is the form of RFC 8785."""
    return PREFIX + json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _refuse(number: str) -> float:
    raise ValueError(f"{number} is a fraction")
