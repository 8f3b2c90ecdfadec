"""Format 1 of a bundle: its files, its signed head, and its records.

A record is one line of JSON. The records come in three parts: first attempts, then posts, then deliveries.
They refer to each other by position, counted from 0 over all of them. The names of the fields are the keys of
the JSON, so they cannot change without a new format.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

FORMAT: Final = 1
HEAD, SIGNATURE, ROOT = "head.json", "head.sig", "root.json"
RECORDS, DIGESTS = "records.jsonl", "digests.bin"
HISTORY = "history.json"
DECLARATION_TEXT, DECLARATION_HTML = "declaration.txt", "declaration.html"
DIGEST_BYTES = 32

Fate = Literal["accepted", "excluded", "rejected", "unknown", "waiting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to hand over a batch. ``token`` is the name by which the provider knows it."""

    token: str
    transport: str
    state: str
    claimed_at: datetime
    ended_at: datetime | None
    request_sha256: str | None
    provider_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A signed post from the provider's event webhook.

    Its body contains email addresses, so the record has only the body's digest and signature. Posts whose
    signature does not fit their raw bytes are never accepted.
    """

    sha256: str
    signature: str
    signed_timestamp: str
    received_at: datetime
    verified: Literal[True]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One event that a post reported of a delivery. ``attempt`` and ``post`` are positions of records."""

    id: str
    kind: str
    at: datetime
    attempt: int
    post: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The outcome for one account of the audience.

    ``person`` is the account's pseudonym, or None once the user was erased. ``address`` commits to the email
    address that the message was sent to; it is None if no attempt was made. ``attempt`` is the position of
    the attempt that decided the outcome.
    """

    person: str | None
    address: str | None
    message: int | None
    fate: Fate
    exclusion: str | None
    attempt: int | None
    outcome: str | None
    outcome_at: datetime | None
    reports: Sequence[Report]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofTotals:
    """How many accounts had which outcome. ``audience`` is the sum of the next five fields.

    For the accepted ones, ``handed_to`` counts by transport and ``outcomes`` by what the provider reported.
    """

    audience: int
    accepted: int
    excluded: Mapping[str, int]
    rejected: int
    unknown: int
    waiting: int
    handed_to: Mapping[str, int]
    outcomes: Mapping[str, int]

    @property
    def are_balanced(self) -> bool:
        """Whether every account of the audience is counted once."""
        parts = (self.accepted, *self.excluded.values(), self.rejected, self.unknown, self.waiting)
        return self.audience == sum(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document as the site served it when the announcement was made."""

    slug: str
    title: str
    label: str
    commit: str
    source_blob: str
    content_sha256: str
    page_sha256: str
    redline_sha256: str | None


def _is_empty(found: tuple[object, ...]) -> bool:
    return not found


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledAttachment:
    """A file that a message carried. The site had published it, so a bundle has only its digest."""

    name: str
    media_type: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledMessage:
    """One of the messages. Its text and HTML are in the files ``message-N.txt`` and ``message-N.html``."""

    number: int
    language: str
    subject: str
    # Left out where there are none, so that a head of an earlier version is written as it was signed.
    attachments: Annotated[tuple[BundledAttachment, ...], Field(exclude_if=_is_empty)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLink:
    """The proof made before this one."""

    announcement: int
    head_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The signed part of a bundle. It has a digest of everything else, directly or through ``root``."""

    format: Literal[1]
    announcement: int
    publication: str
    complete: bool
    declared_by: str
    contact: str
    site_url: str
    site_name: str
    language: str
    commit: str
    history_sha256: str
    made_at: datetime
    counted_at: datetime
    documents: Sequence[Document]
    messages: Sequence[BundledMessage]
    totals: Annotated[ProofTotals, Field(alias="books")]  # the name that format 1 has
    attempts: int
    posts: int
    deliveries: int
    root: str
    files: Mapping[str, str]
    signed_by: str
    before: ChainLink | None

    @property
    def records(self) -> int:
        """The number of records in the bundle."""
        return self.attempts + self.posts + self.deliveries


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The small file to publish. Anyone who kept a copy can later say that the bundle existed by then."""

    format: Literal[1]
    announcement: int
    site_url: str
    head_sha256: str
    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenRecord:
    """A record, its position, and the digests in hexadecimal that lead from it to the root."""

    place: int
    record: str
    path: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenAccount:
    """The account that a delivery is about. ``key`` opens its pseudonyms in this announcement only.

    ``address`` is None if no attempt was made, or if the user's email address has changed since.
    """

    external_id: str
    address: str | None
    key: str
    delivery: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenMessage:
    """A message, byte for byte."""

    number: int
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserProof:
    """One user's part of a bundle, which can be verified without the rest. Signatures are in hexadecimal.

    If the user's email address was corrected since, the commitment in the record can no longer be opened. The
    proof then has an ``accounts_signature``, by which the proof key confirms that this is why ``address`` is
    None.
    """

    format: Literal[1]
    head: str
    signature: str
    accounts: Sequence[ProvenAccount]
    messages: Sequence[ProvenMessage]
    records: Sequence[ProvenRecord]
    accounts_signature: str | None = None


attempt_json, post_json, delivery_json = TypeAdapter(Attempt), TypeAdapter(Post), TypeAdapter(Delivery)
head_json, root_json, user_proof_json = TypeAdapter(Head), TypeAdapter(Root), TypeAdapter(UserProof)
accounts_json = TypeAdapter(Sequence[ProvenAccount])


def encoded(head: Head) -> bytes:
    """The bytes of ``head.json``."""
    return head_json.dump_json(head, indent=1, by_alias=True) + b"\n"


def signed_accounts(head: bytes, accounts: Sequence[ProvenAccount]) -> bytes:
    """The bytes that ``accounts_signature`` signs: these accounts in the bundle with this head."""
    return b"policysite accounts\0" + hashlib.sha256(head).digest() + accounts_json.dump_json(accounts)


def message_files(number: int) -> tuple[str, str]:
    """The names of the files with the text and the HTML of a message."""
    return f"message-{number}.txt", f"message-{number}.html"
