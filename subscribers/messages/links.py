"""Decides where a link in a message may lead, and prints every other URL as text.

The links come from the policy's text, so anyone who can change the site can write them. Readers trust a
message because of its sender, so its links lead only to hosts that the operator has named.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass

import idna

# Stricter than RFC 3986: no user name before the host, and no backslash or white space, which browsers read
# differently from other programs (WHATWG URL Standard, section 4.4).
_WEB = re.compile(r"https?://(?P<host>[^\s/?#@:\\\[\]]+)(?::[0-9]{1,5})?(?:[/?#][^\s\\]*)?", re.IGNORECASE)
_EMAIL = re.compile(
    r"mailto:(?P<address>[^\s?&,;%@\\]+@(?P<host>[^\s?&,;%@\\]+))(?:\?[^\s\\]*)?", re.IGNORECASE
)
_ANCHOR = re.compile(r'<a(?: href="(?P<url>[^"]*)")?>(?P<words>.*?)</a>', re.DOTALL)  # as nh3 writes it


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTargets:
    """The hosts and email addresses to which links may lead, in lower case; hosts in ASCII."""

    hosts: frozenset[str]
    addresses: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *urls: str, hosts: Iterable[str] = (), contact: str = "") -> LinkTargets:
        """The hosts of ``urls``, the named ``hosts``, and the contact: a URL or an email address."""
        named = {_ascii(host) for host in hosts} | {_host(url) for url in (*urls, contact)}
        return cls(
            hosts=frozenset(host for host in named if host),
            addresses=frozenset({contact.casefold()} if "@" in contact else ()),
        )

    def allow(self, url: str) -> bool:
        """Whether a link may lead to ``url``."""
        if email := _EMAIL.fullmatch(url):
            return email["address"].casefold() in self.addresses or _ascii(email["host"]) in self.hosts
        return _host(url) in self.hosts


def print_foreign_links(markup: str, targets: LinkTargets) -> str:
    """``markup``, cleaned by nh3, in which each link that is not allowed is only its words and its URL."""

    def printed(anchor: re.Match[str]) -> str:
        url, words = html.unescape(anchor["url"] or ""), anchor["words"]
        if url and targets.allow(url):
            return anchor[0]
        plain = html.unescape(re.sub(r"<[^>]*>", "", words))
        shown = url.removeprefix("mailto:").removeprefix("tel:")
        return f"{words} ({html.escape(shown, quote=False)})" if shown and shown not in plain else words

    return _ANCHOR.sub(printed, markup)


def _host(url: str) -> str | None:
    web = _WEB.fullmatch(url)
    return _ascii(web["host"]) if web else None


def _ascii(host: str) -> str | None:
    """The host as DNS knows it (RFC 5891), or None if it is not a valid host name."""
    try:
        return host.lower() if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        return None
