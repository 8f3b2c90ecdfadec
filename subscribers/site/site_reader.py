"""Reads a published site and verifies that it serves what its ``history.json`` claims."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from subscribers.errors import NotifyError
from subscribers.signing import is_signed
from subscribers.site.history_json import (
    PublishedDocument,
    PublishedHistory,
    PublishedRedline,
    PublishedVersion,
    UnreadableSiteError,
    parse_history,
    parse_redline,
)
from subscribers.site.sources import Folder, MissingFileError, Source, Web, is_loopback

HISTORY = "history.json"
SIGNATURE = "history.json.sig"  # base64 of an Ed25519 signature over the bytes of history.json
CONNECTIONS = 8


class UnfaithfulSiteError(NotifyError):
    """The site serves files that differ from what its ``history.json`` says."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(
            f"{where}: {what}, so nothing was announced; publish the whole site again, then repeat this"
        )
        self.where = where


class UnsignedSiteError(NotifyError):
    """The site's ``history.json`` is not signed with the key that the operator has set."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(
            f"{where}: {what}, so nothing was announced; build the site with policy-site build "
            "--signing-key and publish it again, or find out who changed it"
        )


class PublishedSite:
    """A published site. Its ``history.json`` was read once, when this object was made."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.raw_history = source.read(HISTORY)  # its bytes
        self.history: PublishedHistory = parse_history(self.raw_history, where=source.where(HISTORY))
        self._copies: dict[str, bytes] = {}

    def redline(self, document: PublishedDocument, version: PublishedVersion) -> PublishedRedline | None:
        """The redline from the version before, or None for the first version of a document."""
        reference = version.redline
        if reference is None:
            return None
        raw = self._verified(reference.path, reference.sha256)
        where = self.source.where(reference.path)
        redline = parse_redline(raw, where=where)
        found = (redline.document, redline.from_number, redline.to_number)
        if found != (document.id, reference.from_number, version.number):
            raise UnreadableSiteError(where, f"is not the redline of {document.slug} {version.label}")
        return redline

    def copy(self, version: PublishedVersion, form: str) -> bytes:
        """The version's text in a form that ``version.copies`` names. Each file is read once."""
        path = version.copies[form]
        if path not in self._copies:
            self._copies[path] = self._verified(path, version.copies_sha256[form])
        return self._copies[path]

    def offers(self, path: str) -> bool:
        """Whether the site has a page at ``path``."""
        try:
            self.source.read(path)
        except MissingFileError:
            return False
        return True

    def verify_signature(self, key: Ed25519PublicKey) -> None:
        """Refuse unless ``history.json`` is signed with the private half of ``key``."""
        where = self.source.where(SIGNATURE)
        try:
            signature = base64.b64decode(self.source.read(SIGNATURE), validate=False)
        except MissingFileError as error:
            raise UnsignedSiteError(where, "the signature is missing") from error
        except (binascii.Error, ValueError):
            signature = b""
        if not is_signed(key, signature, self.raw_history):
            raise UnsignedSiteError(where, "does not fit history.json and POLICY_NOTIFY_SITE_KEY")

    def verify_digest(self, sha256: str) -> None:
        """Refuse unless ``history.json`` is the file with this SHA-256, in hexadecimal digits."""
        found = hashlib.sha256(self.raw_history).hexdigest()
        if found != sha256.lower():
            raise UnfaithfulSiteError(
                self.source.where(HISTORY), f"has the SHA-256 {found}, but the build made {sha256}"
            )

    def verify(self, announced: Iterable[tuple[PublishedDocument, PublishedVersion]]) -> None:
        """Refuse unless the site serves exactly what ``history.json`` says about these versions.

        This checks the digests of their pages and redline files, that the other pages to which a message
        links exist, that the site was read from ``site_url``, and that ``history.json`` has not changed
        meanwhile.
        """
        digests: dict[str, str | None] = dict.fromkeys(self.history.sent_emails.values())
        for document, version in announced:
            digests |= {
                document.path: None,
                document.history_path: None,
                version.path: version.page_sha256,
            }
            if version.redline is not None:
                digests |= {version.redline.page: None, version.redline.path: version.redline.sha256}
        self.verify_root()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for _ in pool.map(self._verify, digests.keys(), digests.values()):
                pass
        if self.source.read(HISTORY) != self.raw_history:
            raise UnfaithfulSiteError(self.source.where(HISTORY), "changed while the site was being read")

    def verify_root(self) -> None:
        """Refuse a live site that was read from another URL than its own."""
        site_url = self.history.site_url
        live = isinstance(self.source, Web) and not is_loopback(self.source.root)
        if live and self.source.where("") != site_url:
            raise UnfaithfulSiteError(self.source.where(HISTORY), f"says that the site is at {site_url}")

    def _verify(self, path: str, sha256: str | None) -> None:
        self._verified(path, sha256)  # the bytes are dropped: all pages together may not fit into memory

    def _verified(self, path: str, sha256: str | None) -> bytes:
        try:
            raw = self.source.read(path)
        except MissingFileError as error:
            raise UnfaithfulSiteError(
                self.source.where(path), "is listed in history.json but missing"
            ) from error
        if sha256 is not None and hashlib.sha256(raw).hexdigest() != sha256:
            raise UnfaithfulSiteError(self.source.where(path), "differs from what history.json says")
        return raw


def open_site(location: str) -> PublishedSite:
    """Open the site in a folder or at an ``https:`` URL; plain ``http:`` works only on this machine."""
    if urlsplit(location).scheme in ("http", "https"):
        return PublishedSite(Web(location))
    return PublishedSite(Folder(Path(location)))
