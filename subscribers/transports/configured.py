"""The transport that the settings name."""

from __future__ import annotations

from subscribers.settings import Settings
from subscribers.transports import Transport
from subscribers.transports.folder import FolderTransport
from subscribers.transports.sendgrid import SendGridTransport
from subscribers.transports.smtp import SmtpTransport
from subscribers.transports.smtp_server import SmtpServer, read_server


def configured_server(settings: Settings) -> SmtpServer:
    """The SMTP server; its URL must be set."""
    assert settings.smtp_url
    password = settings.smtp_password
    return read_server(
        settings.smtp_url.get_secret_value(),
        user=settings.smtp_user,
        password=password.get_secret_value() if password else None,
    )


def configured_transport(settings: Settings) -> Transport:
    """A transport; what it needs must be set (``Settings.demand_for_sending``)."""
    match settings.transport:
        case "folder":
            return FolderTransport(settings.mail_folder)
        case "smtp":
            return SmtpTransport(configured_server(settings))
        case "sendgrid":
            assert settings.sendgrid_api_key
            return SendGridTransport(
                api_key=settings.sendgrid_api_key.get_secret_value(),
                host=settings.sendgrid_host,
                subuser=settings.sendgrid_subuser,
            )
