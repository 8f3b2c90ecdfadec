"""How mail leaves, as far as it is known: what the questions to the name servers rest on."""

from __future__ import annotations

from dataclasses import dataclass

from subscribers.doctor.dmarc import at_and_above
from subscribers.settings import Settings, ascii_address
from subscribers.transports.configured import configured_server
from subscribers.transports.smtp_server import SmtpUrlError

KEY_MARK = "._domainkey."
SENDGRID_SELECTORS = ("s1", "s2")  # what its domain authentication uses unless told otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """What a provider says of its own domain authentication."""

    envelope_domain: str
    key_names: tuple[str, ...]  # such as s1._domainkey.example.com


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Who is named as the sender, and through whom mail leaves.

    ``envelope_domain`` is None where only the provider knows it. Each tuple of ``key_names`` is one place to
    look for the signing keys; the first place that has one counts.
    """

    domain: str
    host: str | None
    envelope_domain: str | None
    key_names: tuple[tuple[str, ...], ...]


def sending_of(settings: Settings, sender: str, authentication: Authentication | None) -> Sending:
    """How mail would leave with these settings, and with what the provider says of itself."""
    domain = ascii_domain(sender)
    by_smtp = settings.transport == "smtp" and settings.smtp_url is not None
    envelope = domain if by_smtp else authentication.envelope_domain if authentication else None
    return Sending(
        domain=domain,
        host=_host(settings) if by_smtp else None,
        envelope_domain=envelope,
        key_names=_key_names(settings, domain, authentication),
    )


def _host(settings: Settings) -> str | None:
    try:
        return configured_server(settings).host
    except SmtpUrlError:
        return None  # of which another finding tells


def ascii_domain(sender: str) -> str:
    """The domain, as name servers know it, of a sender such as ``Shop <news@shop.example>``."""
    return ascii_address(sender).rpartition("@")[2].lower()


def _key_names(
    settings: Settings, domain: str, authentication: Authentication | None
) -> tuple[tuple[str, ...], ...]:
    if settings.dkim_selectors:
        return (
            tuple(
                name if KEY_MARK in name else f"{name}{KEY_MARK}{domain}"
                for name in settings.dkim_selectors.lower().split()
            ),
        )
    if authentication is not None:
        return (authentication.key_names,)
    if settings.transport == "sendgrid":
        return tuple(
            tuple(f"{selector}{KEY_MARK}{place}" for selector in SENDGRID_SELECTORS)
            for place in at_and_above(domain)
        )
    return ()
