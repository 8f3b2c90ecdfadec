"""Writes the bundle of an announcement: a folder whose signed head covers every byte in it.

The same state of the ledger gives the same bytes. Memory does not grow with the audience.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine, Row, insert, select

from subscribers.database import reading, writing
from subscribers.errors import NotifyError
from subscribers.ledger import announcement_rows
from subscribers.ledger.attached_files import attached_to
from subscribers.model import announcements, contents, histories, proofs
from subscribers.proof import bundle_format, declaration, merkle_tree
from subscribers.proof.bundle_format import BundledAttachment, BundledMessage, ChainLink, Document, Head, Root
from subscribers.proof.ledger_records import Records
from subscribers.proof.running_totals import RunningTotals
from subscribers.proof.sort_on_disk import sorted_lines
from subscribers.settings import Sender
from subscribers.signing import fingerprint
from subscribers.site.history_json import PublishedHistory, parse_history


class UnprovableError(NotifyError):
    """Nothing about the announcement can be proven."""

    def __init__(self, announcement_id: int, why: str) -> None:
        super().__init__(f"announcement {announcement_id}: {why}; policy-notify status lists them all")


class UnwritableBundleError(NotifyError):
    """The bundle's folder exists already or cannot be written."""


def export(
    engine: Engine,
    announcement_id: int,
    into: Path,
    *,
    key: Ed25519PrivateKey,
    sender: Sender,
    on_record: Callable[[], None] = lambda: None,
) -> Head:
    """Write the bundle to the new folder ``into``. A bundle of an unfinished announcement says so."""
    if into.exists():
        raise UnwritableBundleError(f"{into}: exists already; name another folder with --into")
    with _explained(into):
        into.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=into.parent, prefix=f".{into.name}-") as part:
            folder = Path(part) / into.name
            folder.mkdir()
            with reading(engine) as connection:
                head = _written(connection, announcement_id, folder, sender=sender, on_record=on_record)
            head = replace(head, signed_by=fingerprint(key.public_key()))
            head, raw = _chained(engine, _declared(head, folder))
            (folder / bundle_format.HEAD).write_bytes(raw)
            (folder / bundle_format.SIGNATURE).write_bytes(key.sign(raw))
            (folder / bundle_format.ROOT).write_bytes(root_of(head, raw))
            folder.rename(into)
    return head


def root_of(head: Head, raw: bytes) -> bytes:
    """The content of the small file to publish, for the head whose bytes are ``raw``."""
    root = Root(
        format=bundle_format.FORMAT,
        announcement=head.announcement,
        site_url=head.site_url,
        head_sha256=hashlib.sha256(raw).hexdigest(),
        root=head.root,
    )
    return bundle_format.root_json.dump_json(root, indent=1) + b"\n"


def adopt_head(connection: Connection, announcement_id: int, raw: bytes) -> None:
    """Take the head of a proof, which a lost database has made, into the chain."""
    sha256 = hashlib.sha256(raw).hexdigest()
    known = select(proofs.c.id).where(proofs.c.head_sha256 == sha256)
    if connection.scalars(known).one_or_none() is None:
        connection.execute(
            insert(proofs).values(announcement_id=announcement_id, head=raw, head_sha256=sha256)
        )


def _written(
    connection: Connection,
    announcement_id: int,
    folder: Path,
    *,
    sender: Sender,
    on_record: Callable[[], None],
) -> Head:
    """Write everything but the declaration, and return the head so far."""
    row = _announcement(connection, announcement_id)
    body = connection.scalars(
        select(histories.c.body).where(histories.c.sha256 == row.history_sha256)
    ).one_or_none()
    if body is None:
        raise UnprovableError(announcement_id, "was made by a version of policysite that kept no proof")
    history = parse_history(body, where=bundle_format.HISTORY)
    records = Records(connection, announcement_id)
    (folder / bundle_format.HISTORY).write_bytes(body)
    running = RunningTotals()
    with _RecordFiles(folder) as files:
        for attempt in records.attempts():
            running.add_attempt(attempt)
            files.add(bundle_format.attempt_json.dump_json(attempt))
        attempts = files.count
        for post in records.posts():
            files.add(bundle_format.post_json.dump_json(post))
        posts = files.count - attempts

        def lines() -> Iterator[bytes]:
            for delivery in records.deliveries():
                running.add(delivery)
                on_record()
                yield bundle_format.delivery_json.dump_json(delivery)

        for line in sorted_lines(lines(), folder=folder.parent):
            files.add(line)
    totals = running.totals(audience=row.audience)
    assert totals.are_balanced, "an account is missing from the totals"
    return Head(
        format=bundle_format.FORMAT,
        announcement=announcement_id,
        publication=row.versions_sha256,
        complete=not totals.waiting and not totals.unknown,
        declared_by=sender.legal_name,
        contact=sender.contact,
        site_url=row.site_url,
        site_name=history.site_name,
        language=row.site_language,
        commit=row.commit,
        history_sha256=row.history_sha256,
        made_at=row.made_at,
        counted_at=row.fanned_out_at,
        documents=documents_of(history),
        messages=_messages(connection, announcement_id, records.messages, folder),
        totals=totals,
        attempts=attempts,
        posts=posts,
        deliveries=files.count - attempts - posts,
        root=files.tree.root().hex(),
        files={},
        signed_by="",
        before=None,
    )


def _announcement(connection: Connection, announcement_id: int) -> Row[*tuple[object, ...]]:
    row = connection.execute(select(announcements).where(announcements.c.id == announcement_id)).one_or_none()
    if row is None:
        raise UnprovableError(announcement_id, "no such announcement exists")
    if row.state == "baseline":
        raise UnprovableError(announcement_id, "is the baseline, of which nobody was notified")
    if row.fanned_out_at is None:
        raise UnprovableError(
            announcement_id, f"is {row.state} and sending has not begun, so nobody was notified yet"
        )
    return row


def documents_of(history: PublishedHistory) -> list[Document]:
    """The announced documents, as the site served them."""
    return [
        Document(
            slug=document.slug,
            title=document.newest.title,
            label=document.newest.label,
            commit=document.newest.commit,
            source_blob=document.newest.source_blob,
            content_sha256=document.newest.content_sha256,
            page_sha256=document.newest.page_sha256,
            redline_sha256=document.newest.redline.sha256 if document.newest.redline else None,
        )
        for document in history.documents
        if document.announced
    ]


def _messages(
    connection: Connection, announcement_id: int, numbers: Mapping[tuple[str, int], int], folder: Path
) -> list[BundledMessage]:
    rows = connection.execute(
        select(contents).where(contents.c.announcement_id == announcement_id, contents.c.sha256.is_not(None))
    )
    bundled = []
    for row in rows:
        number = numbers[row.language, row.last_notified_id]
        for name, words in zip(bundle_format.message_files(number), (row.text, row.html), strict=True):
            (folder / name).write_bytes(words.encode())
        bundled.append(
            BundledMessage(
                number=number,
                language=row.message_language,
                subject=row.subject,
                attachments=_attachments(connection, row),
            )
        )
    return sorted(bundled, key=lambda message: message.number)


def _attachments(connection: Connection, content: Row[Any]) -> tuple[BundledAttachment, ...]:
    rows = connection.execute(attached_to(content))
    return tuple(
        BundledAttachment(name=row.name, media_type=row.media_type, sha256=row.sha256) for row in rows
    )


def _declared(head: Head, folder: Path) -> Head:
    """Write the declaration, and return the head with the digests of all files that it lists."""
    (folder / bundle_format.DECLARATION_TEXT).write_bytes(declaration.as_text(head).encode())
    (folder / bundle_format.DECLARATION_HTML).write_bytes(declaration.as_html(head).encode())
    named = sorted(
        file for file in folder.iterdir() if file.name not in {bundle_format.RECORDS, bundle_format.DIGESTS}
    )
    return replace(head, files={file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in named})


def _chained(engine: Engine, head: Head) -> tuple[Head, bytes]:
    """The head that names the proof before it, and its bytes. The same state gives the same bytes."""
    with writing(engine) as connection:
        announcement_rows.lock(connection)
        newest_first = select(proofs).order_by(proofs.c.id.desc()).limit(1)
        own = connection.execute(
            newest_first.where(proofs.c.announcement_id == head.announcement)
        ).one_or_none()
        if own is not None:
            again = replace(head, before=bundle_format.head_json.validate_json(own.head).before)
            if bundle_format.encoded(again) == own.head:
                return again, own.head
        last = connection.execute(newest_first).one_or_none()
        if last is not None:
            head = replace(
                head, before=ChainLink(announcement=last.announcement_id, head_sha256=last.head_sha256)
            )
        raw = bundle_format.encoded(head)
        connection.execute(
            insert(proofs).values(
                announcement_id=head.announcement,
                head=raw,
                head_sha256=hashlib.sha256(raw).hexdigest(),
            )
        )
        return head, raw


class _RecordFiles:
    """Writes the records and their digests, and builds the Merkle tree over them."""

    def __init__(self, folder: Path) -> None:
        self.tree = merkle_tree.Tree()
        self.count = 0
        self._records: BinaryIO = (folder / bundle_format.RECORDS).open("wb")
        self._digests: BinaryIO = (folder / bundle_format.DIGESTS).open("wb")

    def __enter__(self) -> _RecordFiles:
        return self

    def __exit__(self, *_: object) -> None:
        self._records.close()
        self._digests.close()

    def add(self, record: bytes) -> None:
        digest = merkle_tree.leaf(record)
        self.tree.add(digest)
        self.count += 1
        self._records.write(record + b"\n")
        self._digests.write(digest)


@contextmanager
def _explained(into: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnwritableBundleError(
            f"{into}: cannot be written ({error.strerror}); free disk space or use another --into"
        ) from error
