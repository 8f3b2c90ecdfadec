"""Checks that the settings are complete, consistent and strong. It reads nothing else."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from email_validator import SPECIAL_USE_DOMAIN_NAMES
from sendgrid.helpers.eventwebhook import EventWebhook

from subscribers.doctor.dmarc import is_within
from subscribers.doctor.finding import Finding, error, ok, warning
from subscribers.doctor.sending_route import ascii_domain
from subscribers.settings import (
    COMMENT_BEHIND,
    IN_FILES,
    NEEDED_BY_TRANSPORT,
    PREFIX,
    SECRETS,
    Settings,
    has_comment_behind,
)

FEWEST_SIGNS = 8  # different ones; a random key of 32 hexadecimal digits has fewer in 1 of 10 million
MAKE_KEY = "make one: openssl rand -hex 32"
EXAMPLE_DOMAINS = ("example.com", "example.net", "example.org", *SPECIAL_USE_DOMAIN_NAMES)  # RFC 2606


def check_settings(settings: Settings, environment: Mapping[str, str]) -> Iterable[Finding]:
    """Yields a finding for each setting that is missing, contradictory or weak."""
    yield from _sender(settings)
    yield from _transport(settings)
    yield from _secret_keys(settings)
    yield from _event_channel(settings)
    yield from _environment(environment)
    if settings.changes == "material":
        yield warning(
            "policy",
            f"{PREFIX}CHANGES",
            "material: users are notified of editorial changes only with the next material one",
            "keep it only if your policy says so; otherwise remove it, to notify users of every change",
        )


def _sender(settings: Settings) -> Iterable[Finding]:
    required = {"FROM": settings.sender, "LEGAL_NAME": settings.legal_name, "CONTACT": settings.contact}
    for name, value in required.items():
        if not value:
            yield error("sender", PREFIX + name, "not set, although every email names it", "set it")
        else:
            yield ok("sender", PREFIX + name, value)
    if settings.sender and settings.transport != "folder":
        domain = ascii_domain(settings.sender)
        if any(is_within(domain, reserved) for reserved in EXAMPLE_DOMAINS):
            yield error(
                "sender", f"{PREFIX}FROM", f"{domain} is for examples only", "send from your own domain"
            )


def _transport(settings: Settings) -> Iterable[Finding]:
    where = f"{PREFIX}TRANSPORT"
    missing = [name for name in NEEDED_BY_TRANSPORT[settings.transport] if not getattr(settings, name)]
    for name in missing:
        yield error(
            "transport", PREFIX + name.upper(), f"not set, although {settings.transport} needs it", "set it"
        )
    if settings.transport == "folder":
        yield warning(
            "transport",
            where,
            "folder: emails are written to files and nobody receives one",
            "set it to smtp or sendgrid to send them",
        )
    elif not missing:
        yield ok("transport", where, settings.transport)


def _secret_keys(settings: Settings) -> Iterable[Finding]:
    where = f"{PREFIX}SECRET_KEYS"
    keys = settings.keys()
    if not keys:
        yield error("secret keys", where, "not set, although erasure needs one", MAKE_KEY)
        return
    for position, key in enumerate(keys, 1):
        if len(set(key)) < FEWEST_SIGNS:
            yield error("secret keys", where, f"key {position} does not look random", MAKE_KEY)
    if len(set(keys)) < len(keys):
        yield warning(
            "secret keys",
            where,
            "the same key is listed twice",
            "keep one of the two; the newest key comes first",
        )
    else:
        count = f"{len(keys)} keys, newest first" if len(keys) > 1 else "1 key"
        yield ok("secret keys", where, count)


def _event_channel(settings: Settings) -> Iterable[Finding]:
    where = f"{PREFIX}SENDGRID_EVENT_PUBLIC_KEY"
    if settings.transport == "smtp":
        settled = "are settled by the server's log" if settings.smtp_log else "wait for policy-notify resolve"
        seen = f"SMTP sends none: unknown messages {settled}, bounces go to "
        if settings.return_path:
            yield ok("events", f"{PREFIX}RETURN_PATH", f"{seen}{settings.return_path}")
        else:
            yield warning(
                "events",
                f"{PREFIX}RETURN_PATH",
                f"not set: {seen}the From address, and a person has to read them",
                "set a mailbox for them, and run policy-notify bounces every few minutes",
            )
    elif settings.transport == "sendgrid" and not settings.sendgrid_event_public_key:
        yield warning(
            "events",
            where,
            "not set: bounces and complaints are not seen, unknown batches wait for policy-notify resolve",
            "turn on the signed event webhook, point it to /events/sendgrid, and set its public key here",
        )
    elif settings.sendgrid_event_public_key:
        if is_event_key(settings.sendgrid_event_public_key):
            yield ok("events", where, "an ECDSA public key")
        else:
            remedy = "copy the whole verification key of SendGrid's event webhook"
            yield error("events", where, "is not an ECDSA public key on the curve P-256", remedy)


def is_event_key(text: str) -> bool:
    """Whether SendGrid's own library takes this for a key that signs events."""
    try:
        key = EventWebhook().convert_public_key_to_ecdsa(text)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)


def _environment(environment: Mapping[str, str]) -> Iterable[Finding]:
    names = {"from" if name == "sender" else name for name in Settings.model_fields}
    known = {PREFIX + name.upper() for name in names} | {f"{PREFIX}{name.upper()}_FILE" for name in IN_FILES}
    for variable in sorted(environment):
        if variable.startswith(PREFIX) and variable not in known:
            yield warning(
                "settings", variable, "there is no such setting, so it has no effect", "correct its name"
            )
        elif variable.startswith(PREFIX) and has_comment_behind(environment[variable]):
            yield warning("settings", variable, "the value contains a #", COMMENT_BEHIND)
    for name in SECRETS:
        variable = PREFIX + name.upper()
        if file := environment.get(f"{variable}_FILE"):
            if environment.get(variable):
                yield warning(
                    "settings",
                    variable,
                    f"ignored, because {variable}_FILE is set too",
                    "remove one of the two",
                )
            if Path(file).stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
                yield warning(
                    "settings",
                    file,
                    "other users of this machine can read this secret",
                    "run chmod 600 on it",
                )
