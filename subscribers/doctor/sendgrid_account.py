"""Checks that SendGrid accepts email with this key from this sender, with its own client; sends nothing."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient

from subscribers.dkim_names import KEY_MARK, at_and_above
from subscribers.doctor.finding import Finding, error, ok, warning
from subscribers.doctor.sending_route import Authentication, ascii_domain
from subscribers.settings import Settings, ascii_address

TIMEOUT_SECONDS = 15.0  # for each answer
NOT_ALLOWED = {http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN}
EVENTS = ("processed", "delivered", "dropped", "bounce", "spam_report")
AUTHENTICATE = "authenticate the domain in SendGrid (Settings, Sender Authentication)"


class NotSeenError(Exception):
    """SendGrid did not answer a question; the message says why."""


class HiddenError(NotSeenError):
    """The key has no permission for this question."""


@dataclass(frozen=True, slots=True)
class AccountReport:
    """The findings, and SendGrid's domain authentication if the key has permission to read it."""

    findings: tuple[Finding, ...]
    authentication: Authentication | None


def check_account(settings: Settings) -> AccountReport:
    """Checks what the key permits, whether the sender is verified, and whether events will arrive."""
    assert settings.sendgrid_api_key
    api = SendGridAPIClient(
        settings.sendgrid_api_key.get_secret_value(),
        host=settings.sendgrid_host,
        impersonate_subuser=settings.sendgrid_subuser,
    ).client
    api.timeout = TIMEOUT_SECONDS
    where = settings.sendgrid_host
    try:
        scopes = _answer(api.scopes.get, "scopes")
    except HiddenError as refused:
        remedy = "correct POLICY_NOTIFY_SENDGRID_API_KEY (and _SUBUSER), or make a new key"
        return AccountReport((error("SendGrid", where, f"refuses the key: {refused}", remedy),), None)
    except NotSeenError as unseen:
        remedy = "correct POLICY_NOTIFY_SENDGRID_HOST, open the firewall, or try again later"
        return AccountReport((error("SendGrid", where, str(unseen), remedy),), None)
    if "mail.send" not in scopes:
        remedy = "give the key “Mail Send”"
        return AccountReport(
            (error("SendGrid", where, "the key has no permission to send (mail.send)", remedy),), None
        )
    findings = [ok("SendGrid", where, "accepts the key, which may send")]
    authentication = None
    if settings.sender:
        sender, authentication = _sender(
            api, where, ascii_address(settings.sender), ascii_domain(settings.sender)
        )
        findings.append(sender)
    if settings.sendgrid_event_public_key:
        findings += _webhook(api, where, settings.sendgrid_event_public_key)
    return AccountReport(tuple(findings), authentication)


def _sender(api: Any, where: str, address: str, domain: str) -> tuple[Finding, Authentication | None]:
    try:
        entry = _authenticated_domain(api, domain)
        if entry is not None:
            authentication = _authentication(entry)
            seen = f"domain {entry['domain']} is authenticated, envelope {authentication.envelope_domain}"
            if entry.get("valid"):
                return ok("SendGrid", where, seen), authentication
            seen = f"domain {entry['domain']} is configured, but SendGrid cannot find its DNS records"
            return error(
                "SendGrid", where, seen, f"publish them, then verify; {AUTHENTICATE}"
            ), authentication
        verified = [
            sender["from_email"].lower()
            for sender in _answer(api.verified_senders.get, "results")
            if sender.get("verified")
        ]
    except HiddenError:
        seen = f"cannot check whether {address} is verified: the key has no permission to read it"
        remedy = f"let the key read Sender Authentication for one run, or check yourself: {AUTHENTICATE}"
        return warning("SendGrid", where, seen, remedy), None
    except NotSeenError as unseen:
        return error("SendGrid", where, f"sender verification: {unseen}", "try again later"), None
    if address.lower() in verified:
        seen = f"only the email address {address} is verified, so its domain is not aligned (DMARC)"
        return warning("SendGrid", where, seen, AUTHENTICATE), None
    return error(
        "SendGrid", where, f"{address} is not verified, so SendGrid refuses its email", AUTHENTICATE
    ), None


def _authenticated_domain(api: Any, domain: str) -> dict[str, Any] | None:
    """SendGrid's entry for the domain or one above it."""
    for candidate in at_and_above(domain):
        entries = _answer(api.whitelabel.domains.get, query_params={"domain": candidate})
        for entry in entries:
            if entry["domain"] == candidate:
                found: dict[str, Any] = entry
                return found
    return None


def _authentication(entry: dict[str, Any]) -> Authentication:
    hosts = (str(record.get("host", "")).lower() for record in entry.get("dns", {}).values())
    return Authentication(
        envelope_domain=f"{entry['subdomain']}.{entry['domain']}".lower(),
        key_names=tuple(host for host in hosts if KEY_MARK in host),
    )


def _webhook(api: Any, where: str, public_key: str) -> Iterable[Finding]:
    """Checks that a webhook signs with this key and posts all events; skipped without permission."""
    try:
        webhooks = _answer(api.user.webhooks.event.settings.all.get, "webhooks")
    except NotSeenError:
        return
    own = [webhook for webhook in webhooks if webhook.get("public_key") == public_key]
    if not own:
        remedy = "copy the verification key of the webhook that posts to /events/sendgrid"
        yield error("events", where, "no event webhook signs with this public key", remedy)
    for webhook in own:
        url = webhook.get("url")
        absent = [event for event in EVENTS if not webhook.get(event)]
        if not webhook.get("enabled"):
            yield error("events", where, f"the webhook to {url} is turned off", "turn it on")
        elif absent:
            yield error(
                "events", where, f"the webhook to {url} does not post {', '.join(absent)}", "select them"
            )
        else:
            yield ok("events", where, f"the signed webhook to {url} is on")


def _answer(get: Callable[..., Any], member: str | None = None, **question: object) -> Any:
    """The list in SendGrid's answer, or in one member of it."""
    try:
        answer = json.loads(get(**question).body)
    except HTTPError as refused:
        words = f"{refused.status_code} {_words(refused.body)}".strip()
        raise (HiddenError if refused.status_code in NOT_ALLOWED else NotSeenError)(words) from refused
    except (OSError, http.client.HTTPException) as broken:
        raise NotSeenError(f"no answer ({broken})") from broken
    except ValueError as wrong:
        raise NotSeenError("the answer is not JSON") from wrong
    found = answer.get(member) if member is not None and isinstance(answer, dict) else answer
    if not isinstance(found, list):
        raise NotSeenError("the answer is not one of SendGrid's")
    return found


def _words(body: bytes) -> str:
    try:
        return "; ".join(str(reason["message"]) for reason in json.loads(body)["errors"])
    except (ValueError, KeyError, TypeError):
        return ""
