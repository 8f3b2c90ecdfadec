"""What a bundle is made of, format 1: its files, its signed head, and its records.

A record is one line of JSON. Records stand in three parts, one after another: attempts, posts, deliveries;
they name each other by their place, counted from 0 over all of them.
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
    """One try to hand mails over; ``token`` is all that the provider was told of it."""

    token: str
    transport: str
    state: str
    claimed_at: datetime
    ended_at: datetime | None
    request_sha256: str | None
    provider_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A signed post of the provider: not its body, which holds addresses, but what fixes it.

    It was taken in because its signature verified over its raw bytes; no other is.
    """

    sha256: str
    signature: str
    signed_timestamp: str
    received_at: datetime
    verified: Literal[True]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One event that a post told of a delivery; ``attempt`` and ``post`` are places of records."""

    id: str
    kind: str
    at: datetime
    attempt: int
    post: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of one account of the audience.

    ``person`` stands for the account, and is None once it was erased. ``address`` fixes the address that the
    mail went to, and is None where none was tried. ``attempt`` is the place of the one that decided.
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
    """``audience`` is the sum of the next five.

    Of the accepted ones, ``handed_to`` counts the transports they went by, ``outcomes`` what was reported.
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
        """Whether everybody is accounted for."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledMessage:
    """One of the messages; its text and HTML are the files ``message-N.txt`` and ``.html``."""

    number: int
    language: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The proof made before this one."""

    announcement: int
    head_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is signed; everything else in the bundle follows from it by a digest."""

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
    before: Link | None

    @property
    def records(self) -> int:
        """How many there are."""
        return self.attempts + self.posts + self.deliveries


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The small file to publish: whoever keeps it can tell that the bundle existed then."""

    format: Literal[1]
    announcement: int
    site_url: str
    head_sha256: str
    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenRecord:
    """A record, its place, and the digests in hexadecimal that lead from it to the root."""

    place: int
    record: str
    path: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenAccount:
    """Whom a delivery is about: the key opens its pseudonyms, for this announcement only.

    ``address`` is None where no mail was tried, or where the present address is not the one it went to.
    """

    external_id: str
    address: str | None
    key: str
    delivery: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenMessage:
    """A message byte for byte."""

    number: int
    text: str
    html: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserProof:
    """A person's part of a bundle, which can be verified without the rest; signatures are hexadecimal.

    ``accounts_signature`` is there where an email address was corrected since, so that the commitment cannot
    be opened any more: then only the proof key can vouch that this is why ``address`` is None.
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


def signed_accounts(head: bytes, accounts: Sequence[ProvenAccount]) -> bytes:
    """What ``accounts_signature`` signs: these accounts, of the bundle with this head."""
    return b"policysite accounts\0" + hashlib.sha256(head).digest() + accounts_json.dump_json(accounts)


def message_files(number: int) -> tuple[str, str]:
    """Where the text and the HTML of a message stand."""
    return f"message-{number}.txt", f"message-{number}.html"
