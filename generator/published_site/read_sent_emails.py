"""Reads the list of all emails that were sent, and the one that the published site has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from generator.errors import ConfigError
from generator.published_site.earlier_site import read_limited
from generator.site.config import SiteConfig
from generator.site.published_history import PublishedHistory, UnreadablePublishedError
from generator.site.sent_emails import (
    SentEmails,
    UnreadableEmailsError,
    read_key,
    read_sent_emails,
    refuse_older_list,
)
from generator.site.urls import NOTICES


def newest_sent_emails(
    config: SiteConfig, notices: str | None, *, published: PublishedHistory | None
) -> SentEmails | None:
    """The list at ``notices``, a file or a URL, or else the published one; None if there is neither.

    A published list stays, and only a newer one that continues it may replace it.
    """
    is_published = published is not None and published.lists_emails
    if not notices and not is_published:
        return None
    keys = _keys(config)
    before = None
    if published is not None and is_published:
        before = _read(_beside(published.where), keys)
    if not notices:
        return before
    new = _read(notices, keys)
    if before is not None:
        refuse_older_list(new, before)
    return new


def _keys(config: SiteConfig) -> list[Ed25519PublicKey]:
    if not config.notices_keys:
        raise ConfigError(
            "mkdocs.yml: notices_keys is missing, so nobody can say who signed the list of emails; add the "
            "public key of POLICY_NOTIFY_PROOF_KEY to the options of policysite"
        )
    keys = []
    for line in config.notices_keys:
        key = read_key(line)
        if key is None:
            raise ConfigError(
                f"mkdocs.yml: notices_keys: {line[:20]!r} is not a public Ed25519 key; write the line "
                "between the first and the last that openssl pkey -in proof.pem -pubout prints"
            )
        keys.append(key)
    return keys


def _read(where: str, keys: Sequence[Ed25519PublicKey]) -> SentEmails:
    try:
        raw = read_limited(where)
    except FileNotFoundError as error:
        raise UnreadableEmailsError(
            where, "there is no such file; write it with policy-notify notices"
        ) from error
    except UnreadablePublishedError as error:
        raise UnreadableEmailsError(
            where, f"cannot be read ({error.reason}); name the notices.json that policy-notify has written"
        ) from error
    return read_sent_emails(raw, where=where, keys=keys)


def _beside(history: str) -> str:
    """The path or URL of the list on the site with this ``history.json``."""
    if history.startswith(("https://", "http://")):
        return f"{history.rpartition('/')[0]}/{NOTICES}"
    return str(PurePosixPath(history).with_name(NOTICES))
