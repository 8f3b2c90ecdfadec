"""``policy-notify preview``: shows the emails about the newest change."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from subscribers.commands.shared import SiteSource
from subscribers.messages.message import to_email
from subscribers.messages.preview import previews, stand_in_sender
from subscribers.printable import say, several_lines
from subscribers.settings import read_settings
from subscribers.site.site_reader import open_site

EXAMPLE = "policy-notify preview --site site --into preview"


def preview_command(
    *,
    site: SiteSource,
    document: Annotated[
        str | None, typer.Option(help="Show the emails about this document alone, named by its slug.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Include every change published since this day."),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="The recipient's language.", show_default="every language of the site")
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(help="Write mail.LANGUAGE.txt, .html and .eml to this folder instead of printing."),
    ] = None,
) -> None:
    """Show the emails about the newest change. Needs only the site: no database and no secrets."""
    now = datetime.now(UTC)
    sender = stand_in_sender(read_settings(os.environ))
    messages = previews(
        open_site(site),
        document=document,
        since=since.date() if since else None,
        language=language,
        sender=sender,
        now=now,
    )
    if into is None:
        shown = [f"Subject: {message.subject}\n\n{message.text}" for message in messages.values()]
        typer.echo(several_lines("\n\n".join(shown)), nl=False)
        return
    into.mkdir(parents=True, exist_ok=True)
    for reader, message in messages.items():
        email = to_email(
            message,
            sender=sender,
            recipient="reader@example.com",
            message_id="<preview@example.com>",
            sent_at=now,
        )
        name = f"mail.{message.language if language else reader}"
        (into / f"{name}.txt").write_text(message.text, encoding="utf8")
        (into / f"{name}.html").write_text(message.html, encoding="utf8")
        (into / f"{name}.eml").write_bytes(bytes(email))
        say(f"{into / name}.txt, .html, .eml: {message.subject}")
