"""Determines from the settings how email is sent, so that the right DNS records can be checked."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address

from subscribers.dkim_names import key_names
from subscribers.doctor.dns_queries import Address
from subscribers.settings import Settings, ascii_address
from subscribers.transports.configured import configured_server
from subscribers.transports.smtp_server import SmtpUrlError

# For documentation (RFC 5737 and 3849): a machine with a route to the internet has one to them.
FAR_AWAY = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """A provider's own account of the domain authentication that it has set up."""

    envelope_domain: str
    key_names: tuple[str, ...]  # such as s1._domainkey.example.com


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """The sender's domain, and the server and envelope through which email is sent.

    ``envelope_domain`` is None if only the provider knows it. Replies go to ``reply_domain`` if it is given:
    the contact is Reply-To if it is an email address (RFC 5322, section 3.6.2). Each tuple of ``key_names``
    is one set of DNS names for the signing keys; the first set with a record counts.
    """

    domain: str
    host: str | None
    envelope_domain: str | None
    key_names: tuple[tuple[str, ...], ...]
    reply_domain: str | None = None
    provider_signs: bool = False  # it says so; a key in the DNS does not show that anybody signs


def sending_of(settings: Settings, sender: str, authentication: Authentication | None) -> Sending:
    """Returns how email would be sent with these settings and the provider's domain authentication."""
    domain = ascii_domain(sender)
    by_smtp = settings.transport == "smtp" and settings.smtp_url is not None
    if by_smtp:
        envelope: str | None = ascii_domain(settings.return_path or sender)
    else:
        envelope = authentication.envelope_domain if authentication else None
    names = key_names(settings, domain)
    if authentication is not None and not settings.dkim_selectors:
        names = (authentication.key_names,)
    return Sending(
        domain=domain,
        host=_host(settings) if by_smtp else None,
        envelope_domain=envelope,
        key_names=names,
        reply_domain=_contact_domain(settings),
        provider_signs=authentication is not None,
    )


def _contact_domain(settings: Settings) -> str | None:
    try:
        return ascii_domain(settings.contact or "")
    except ValueError:
        return None  # a URL or another text


def _host(settings: Settings) -> str | None:
    try:
        return configured_server(settings).host
    except SmtpUrlError:
        return None  # another finding reports it


def outgoing_addresses() -> tuple[Address, ...]:
    """The IP addresses from which this machine reaches others. It sends nothing to find out."""
    found: list[Address] = []
    for family, elsewhere in FAR_AWAY:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as unused:
                unused.connect((elsewhere, 9))  # of a datagram socket: only chooses the route
                found.append(ip_address(unused.getsockname()[0]))
        except OSError:
            continue  # no route in this family
    return tuple(found)


def ascii_domain(sender: str) -> str:
    """The domain, as name servers know it, of a sender such as ``Shop <news@shop.example>``."""
    return ascii_address(sender).rpartition("@")[2].lower()
