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
    """The site serves other bytes than its ``history.json`` says."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(
            f"{where}: {what}; nothing is announced: publish the whole site again, then repeat this"
        )
        self.where = where


class UnsignedSiteError(NotifyError):
    """The site's ``history.json`` is not signed with the key that the operator expects."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(
            f"{where}: {what}; nothing is announced: build the site with policy-site build --signing-key, "
            "and publish it again, or find out who changed it"
        )


class PublishedSite:
    """A site as it is published; ``history`` was read once, when this was made."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.raw_history = source.read(HISTORY)  # its bytes
        self.history: PublishedHistory = parse_history(self.raw_history, where=source.where(HISTORY))

    def redline(self, document: PublishedDocument, version: PublishedVersion) -> PublishedRedline | None:
        """The redline that brought ``version``; None for the first version of a document."""
        reference = version.redline
        if reference is None:
            return None
        raw = self._verified(reference.address, reference.sha256)
        where = self.source.where(reference.address)
        redline = parse_redline(raw, where=where)
        told = (redline.document, redline.from_number, redline.to_number)
        if told != (document.id, reference.from_number, version.number):
            raise UnreadableSiteError(where, f"is not the redline of {document.slug} {version.label}")
        return redline

    def offers(self, address: str) -> bool:
        """Whether there is a page at ``address``."""
        try:
            self.source.read(address)
        except MissingFileError:
            return False
        return True

    def verify_signature(self, key: Ed25519PublicKey) -> None:
        """Refuse unless ``history.json`` is signed with the private half of ``key``."""
        where = self.source.where(SIGNATURE)
        try:
            signature = base64.b64decode(self.source.read(SIGNATURE), validate=False)
        except MissingFileError as error:
            raise UnsignedSiteError(where, "is not there") from error
        except (binascii.Error, ValueError):
            signature = b""
        if not is_signed(key, signature, self.raw_history):
            raise UnsignedSiteError(where, "is no signature of this history.json by POLICY_NOTIFY_SITE_KEY")

    def verify_digest(self, sha256: str) -> None:
        """Refuse unless ``history.json`` is the file with this SHA-256, in hexadecimal digits."""
        found = hashlib.sha256(self.raw_history).hexdigest()
        if found != sha256.lower():
            raise UnfaithfulSiteError(
                self.source.where(HISTORY), f"has the SHA-256 {found} and not that of the build, {sha256}"
            )

    def verify(self, announced: Iterable[tuple[PublishedDocument, PublishedVersion]]) -> None:
        """Refuse unless the site serves exactly what ``history.json`` says of these versions.

        Checked are the digests of their pages and redline files, that the other pages a mail names are there,
        that ``site_url`` is where the site was read from, and that ``history.json`` is the same at the end.
        """
        digests: dict[str, str | None] = {}
        for document, version in announced:
            digests |= {
                document.address: None,
                document.history_address: None,
                version.address: version.page_sha256,
            }
            if version.redline is not None:
                digests |= {version.redline.page: None, version.redline.address: version.redline.sha256}
        self._verify_root()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for _ in pool.map(self._verify, digests.keys(), digests.values()):
                pass
        if self.source.read(HISTORY) != self.raw_history:
            raise UnfaithfulSiteError(self.source.where(HISTORY), "changed while the site was read")

    def _verify_root(self) -> None:
        site_url = self.history.site_url
        live = isinstance(self.source, Web) and not is_loopback(self.source.root)
        if live and self.source.where("") != site_url:
            raise UnfaithfulSiteError(self.source.where(HISTORY), f"says that its site is {site_url}")

    def _verify(self, address: str, sha256: str | None) -> None:
        self._verified(address, sha256)  # its bytes are not kept: a site's pages need not fit into memory

    def _verified(self, address: str, sha256: str | None) -> bytes:
        try:
            raw = self.source.read(address)
        except MissingFileError as error:
            raise UnfaithfulSiteError(
                self.source.where(address), "is named by history.json but not there"
            ) from error
        if sha256 is not None and hashlib.sha256(raw).hexdigest() != sha256:
            raise UnfaithfulSiteError(self.source.where(address), "has other bytes than history.json says")
        return raw


def open_site(location: str) -> PublishedSite:
    """The site in a folder, or at an ``https:`` address (plain ``http:`` only on this machine itself)."""
    if urlsplit(location).scheme in ("http", "https"):
        return PublishedSite(Web(location))
    return PublishedSite(Folder(Path(location)))
