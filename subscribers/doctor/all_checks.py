"""Every check of ``policy-notify doctor``, in the order in which problems are best fixed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from subscribers.doctor.configuration import check_settings
from subscribers.doctor.dns_queries import Names
from subscribers.doctor.domain import check_domain
from subscribers.doctor.finding import Finding, error
from subscribers.doctor.machine import check_machine, complaint_facts
from subscribers.doctor.mail_server import check_mail_server
from subscribers.doctor.sendgrid_account import check_account
from subscribers.doctor.sending_route import Authentication, sending_of
from subscribers.errors import NotifyError
from subscribers.settings import SettingsError, read_settings


def examine(environment: Mapping[str, str], name_servers: Callable[[], Names]) -> Iterable[Finding]:
    """Yields each finding as soon as it is made. Nothing is sent."""
    try:
        settings = read_settings(environment)
    except SettingsError as wrong:
        for problem in wrong.problems:
            where, _, seen = problem.partition(": ")
            yield error("settings", where, seen, "correct it; nothing else was checked")
        return
    yield from check_settings(settings, environment)
    yield from check_machine(settings)
    authentication: Authentication | None = None
    if settings.transport == "smtp" and settings.smtp_url:
        yield from check_mail_server(settings)
    elif settings.transport == "sendgrid" and settings.sendgrid_api_key:
        account = check_account(settings)
        authentication = account.authentication
        yield from account.findings
    if settings.transport == "folder" or not settings.sender:
        return
    try:
        names = name_servers()
    except NotifyError as absent:
        yield error("name servers", "/etc/resolv.conf", str(absent), "add a name server; DNS was not checked")
        return
    sending = sending_of(settings, settings.sender, authentication)
    yield from check_domain(names, sending, complaint_facts(settings))
