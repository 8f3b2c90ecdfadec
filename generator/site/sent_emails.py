"""Reads ``notices.json``, the signed list of all emails that were sent, and refuses one that cannot be right.

It comes from the machine that notifies users. The signature covers the list's canonical form: JSON without
spaces and with sorted keys, in UTF-8, after a prefix.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from generator.errors import PolicyError
from generator.language import load_language
from generator.site.urls import PathTakenError, SiteDocument
from generator.versions.version import Version

FORMAT = 1
SENT_EMAILS = "sent-emails/"
PREFIX = b"policysite notices\0"
ListedVersions = Mapping[tuple[str, str], tuple[SiteDocument, Version]]
STATES = frozenset({"held", "sending", "paused", "complete", "cancelled"})


class UnreadableEmailsError(PolicyError):
    """The file is not a list of emails, or nobody whom the site trusts has signed it."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where


class OlderEmailsError(PolicyError):
    """The list is older than the published one, or lacks an email that is published."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(
            f"{where}: {what}; use the newest file that policy-notify notices has written. If that is the "
            "newest, its database is an older copy: restore the newest backup"
        )
        self.where = where


class ForeignEmailsError(PolicyError):
    """The list is about another site, or about versions that this site has not published."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}; use the list of the emails about this site")
        self.where = where


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailedVersion:
    """A version that an email was about."""

    document: str
    label: str
    source_blob: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEmail:
    """One announcement: an email to all users, in one or several languages.

    ``subjects`` are pairs of a language and a subject. ``accepted`` counts the users whose email was accepted
    for delivery. ``publication`` never changes.
    """

    publication: str
    made_at: datetime
    sent_from_at: datetime | None
    complete_at: datetime | None
    state: str
    sender_name: str
    sender_address: str
    subjects: tuple[tuple[str, str], ...]
    versions: tuple[EmailedVersion, ...]
    accepted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEmails:
    """The list, newest first, as the file ``raw`` has it. A list with a lower ``sequence`` is older."""

    where: str
    raw: bytes
    signed: bytes
    site_url: str
    sequence: int
    written_at: datetime
    emails: tuple[SentEmail, ...]


def read_key(text: str) -> Ed25519PublicKey | None:
    """The public key from the line between the first and the last of its PEM file; None if it is none."""
    try:
        key = load_der_public_key(base64.b64decode("".join(text.split()), validate=True))
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Ed25519PublicKey) else None


def key_line(key: Ed25519PublicKey) -> str:
    """The public key as one line, as ``read_key`` reads it."""
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def read_sent_emails(raw: bytes, *, where: str, keys: Sequence[Ed25519PublicKey]) -> SentEmails:
    """The list in the file ``raw``, signed with one of the keys; raises UnreadableEmailsError."""
    try:
        envelope = json.loads(raw, parse_float=_refuse, parse_constant=_refuse)
        signed = PREFIX + _canonical(envelope["notices"])
        signature = base64.b64decode(envelope["signature"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableEmailsError(
            where, "is not a signed list of emails; use the file that policy-notify notices has written"
        ) from error
    if not any(_is_signed(key, signature, signed) for key in keys):
        raise UnreadableEmailsError(
            where,
            "is not signed with a key in notices_keys in mkdocs.yml, or was changed since; find out who "
            "wrote it, or add the public key of POLICY_NOTIFY_PROOF_KEY there",
        )
    content = envelope["notices"]
    if content.get("format") != FORMAT:
        raise UnreadableEmailsError(
            where,
            f"has format {content.get('format')!r:.40}, and this policy-site reads format {FORMAT}; build "
            "with the version that wrote the file, or a newer one",
        )
    try:
        return SentEmails(
            where=where,
            raw=raw,
            signed=signed,
            site_url=str(content["site_url"]),
            sequence=int(content["sequence"]),
            written_at=datetime.fromisoformat(content["written_at"]),
            emails=tuple(map(_email, content["announcements"])),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableEmailsError(
            where, f"is signed, but not a list of emails in format {FORMAT} ({type(error).__name__}: {error})"
        ) from error


def sent_emails_paths(documents: Iterable[SiteDocument], *, language: str) -> dict[str, str]:
    """The paths of the page with all emails, by language: that of the site first, then those with words.

    Raises PathTakenError if a document has that path.
    """
    languages = {language}
    for document in documents:
        if f"{document.slug}/".startswith(SENT_EMAILS):
            raise PathTakenError(
                document.history.path, path=document.page_path, other="the page with all emails"
            )
        words = load_language(document.language).code
        if words in (document.language, document.language.partition("-")[0]):
            languages.add(document.language)
    others = sorted(languages - {language})
    return {language: SENT_EMAILS} | {code: f"{SENT_EMAILS}{code}/" for code in others}


def in_language_of(language: str, paths: Mapping[str, str]) -> str | None:
    """The path in this language, else in that of the site; None if there is no such page."""
    return paths.get(language) or next(iter(paths.values()), None)


def refuse_older_list(new: SentEmails, published: SentEmails) -> None:
    """Raise OlderEmailsError unless ``new`` continues what is published."""
    if new.sequence < published.sequence:
        raise OlderEmailsError(
            new.where, f"is older (sequence {new.sequence}) than {published.where} ({published.sequence})"
        )
    if new.sequence == published.sequence and new.signed != published.signed:
        raise OlderEmailsError(new.where, f"differs from {published.where}, which has the same sequence")
    kept = {email.publication for email in new.emails}
    for email in published.emails:
        if email.publication not in kept:
            raise OlderEmailsError(
                new.where, f"lacks the email of {email.made_at:%Y-%m-%d}, which {published.where} lists"
            )


def refuse_foreign_list(
    emails: SentEmails, documents: Sequence[SiteDocument], *, site_url: str
) -> ListedVersions:
    """Each listed version with its document, by its listed id and label.

    Raises ForeignEmailsError for a version that this site has not published from the same source file.
    """
    if emails.site_url != site_url:
        raise ForeignEmailsError(
            emails.where, f"is about {emails.site_url}, and this site is {site_url} (site_url in mkdocs.yml)"
        )
    known = {
        (known_as, version.label): (document, version)
        for document in documents
        for version in document.history.versions
        for known_as in (document.history.id, *document.history.former_ids)
    }
    found: dict[tuple[str, str], tuple[SiteDocument, Version]] = {}
    for email in emails.emails:
        for listed in email.versions:
            document, version = known.get((listed.document, listed.label), (None, None))
            if document is None or version is None or version.source_blob != listed.source_blob:
                what = f"lists “{listed.title}” {listed.label}, which this site has not published"
                if version is not None:
                    what += " from the same source file"
                raise ForeignEmailsError(emails.where, what)
            found[listed.document, listed.label] = document, version
    return found


def _email(content: Any) -> SentEmail:
    state = str(content["state"])
    if state not in STATES:
        raise ValueError(f"state {state!r:.40}")
    subjects = ((str(one["language"]), str(one["subject"])) for one in content["messages"])
    return SentEmail(
        publication=str(content["publication"]),
        made_at=datetime.fromisoformat(content["made_at"]),
        sent_from_at=_time(content["sent_from_at"]),
        complete_at=_time(content["complete_at"]),
        state=state,
        sender_name=str(content["sender"]["name"]),
        sender_address=str(content["sender"]["address"]),
        subjects=tuple(dict.fromkeys(subjects)),
        versions=tuple(
            EmailedVersion(
                document=str(one["id"]),
                label=str(one["label"]),
                source_blob=str(one["source_blob"]),
                title=str(one["title"]),
            )
            for one in content["documents"]
        ),
        accepted=int(content["totals"]["accepted"]),
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _canonical(content: Any) -> bytes:
    """There are no fractions in it, so this is the form of RFC 8785."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _is_signed(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _refuse(number: str) -> float:
    raise ValueError(f"{number} is a fraction")
