"""``policy-notify send-test``: sends one email, marked as a test, to one email address."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Annotated

import typer

from subscribers.commands.shared import SiteSource
from subscribers.delivery.trial_email import send_test
from subscribers.messages.preview import newest_document, previews
from subscribers.printable import say
from subscribers.settings import read_settings
from subscribers.site.site_reader import open_site
from subscribers.transports.configured import configured_transport

EXAMPLE = "policy-notify send-test me@example.com --site https://policies.example/"


def send_test_command(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The email address that receives it.")],
    *,
    site: SiteSource,
    language: Annotated[
        str | None, typer.Option(help="The recipient's language.", show_default="the site's language")
    ] = None,
) -> None:
    """Send the email about the newest change to one address. It is marked as a test and counts nowhere."""
    settings = read_settings(os.environ)
    settings.demand_for_sending()
    sender, now = settings.who_sends(), datetime.now(UTC)
    published = open_site(site)
    newest = newest_document(published.history).slug
    found = previews(published, document=newest, since=None, language=language, sender=sender, now=now)
    [message] = found.values()
    transport = configured_transport(settings)
    provider_id = send_test(transport, message, sender=sender, address=email, now=now)
    answer = f": {provider_id}" if provider_id else ""
    say(f"accepted by {transport.name}{answer}")
