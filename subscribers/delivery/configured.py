"""The hourly limit and the rules of evidence that the settings give."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from subscribers.delivery.log_evidence import LogEvidence
from subscribers.delivery.reconciliation import Reconciliation
from subscribers.ledger.domain_limits import DomainLimits, read_limits
from subscribers.ledger.hourly_limit import HourlyLimit
from subscribers.settings import Settings, SettingsError


def configured_hourly_limit(settings: Settings) -> HourlyLimit:
    """How many recipients may be sent to in an hour; no limit if the settings name none."""
    return HourlyLimit(every_day=settings.hourly_pace, first_day=settings.warm_up)


def configured_domain_limits(settings: Settings) -> DomainLimits:
    """The limits for receiving domains; raises SettingsError if the setting is wrong."""
    try:
        return read_limits(settings.domain_limits)
    except ValueError as error:
        raise SettingsError([f"POLICY_NOTIFY_DOMAIN_LIMITS: {error}"]) from error


def configured_log(settings: Settings) -> tuple[Path, ...]:
    """The logs of the mail server; empty if the settings name none."""
    return tuple(Path(name) for name in (settings.smtp_log or "").split())


def configured_reconciliation(settings: Settings) -> Reconciliation | None:
    """The rules of evidence; None without signed events or a log.

    Without them, a person resolves unknown batches.
    """
    if settings.transport == "smtp" and (paths := configured_log(settings)):
        evidence = LogEvidence(paths)
        return Reconciliation(window=evidence.quiet, canary=_canary(settings), log=evidence)
    if settings.transport != "sendgrid" or settings.sendgrid_event_public_key is None:
        return None
    return Reconciliation(
        window=timedelta(seconds=settings.evidence_window),
        canary=_canary(settings),
        retention=timedelta(days=settings.event_retention_days),
    )


def _canary(settings: Settings) -> str:
    """The email address for the test message that shows whether evidence still comes."""
    return settings.canary or settings.who_sends().address.addr_spec
