"""The command ``policy-notify``: reads arguments, calls the core, prints what it answers."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from subscribers.commands import checking as checking_cli
from subscribers.commands import people as people_cli
from subscribers.commands import proof as proof_cli
from subscribers.commands import telling as telling_cli
from subscribers.errors import NotifyError
from subscribers.messages.message import to_email
from subscribers.messages.preview import previews, stand_in_sender
from subscribers.printable import say, several_lines
from subscribers.settings import read_settings
from subscribers.site.site_reader import open_site

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command(name="import")(people_cli.import_)
app.add_typer(people_cli.person, name="person")
app.add_typer(telling_cli.commands)
app.add_typer(checking_cli.commands)
app.add_typer(proof_cli.proof, name="proof")


@app.callback()
def policy_notify() -> None:
    """Tell the registered users of what a policy site has published."""


@app.command()
def preview(
    *,
    site: Annotated[str, typer.Option(help="A built site's folder, or a live site's address.")],
    document: Annotated[str | None, typer.Option(help="The slug of the one document to tell of.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Tell of all that was published since that day."),
    ] = None,
    language: Annotated[str | None, typer.Option(help="The reader's language; default: each.")] = None,
    into: Annotated[
        Path | None, typer.Option(help="Write mail.LANGUAGE.txt, .html and .eml there instead.")
    ] = None,
) -> None:
    """Show the mails on the newest change, from the site alone: no database, no secrets, nothing sent.

    Example: policy-notify preview --site site --into preview
    """
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


@app.command()
def serve(
    *,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    site: Annotated[Path | None, typer.Option(help="Show this built site at /.")] = None,
    mails: Annotated[Path | None, typer.Option(help="Show the mails in this folder at /mails/.")] = None,
) -> None:
    """Answer over HTTP; with --site and --mails, look at both in a browser on this machine.

    Example: policy-notify serve --site site --mails var/mails
    """
    # FastAPI takes a while, and no other command needs it.
    from subscribers.web.app import serve as serve_web  # noqa: PLC0415
    from subscribers.web.events import configured_events  # noqa: PLC0415

    if site is not None:
        say(f"The site:   http://{host}:{port}/")
    if mails is not None:
        say(f"The mails:  http://{host}:{port}/mails/")
    events, database = configured_events(read_settings(os.environ)) or (None, None)
    serve_web(host=host, port=port, site=site, mails=mails, events=events, database=database)


def main() -> None:
    """Run the command; exit 0 when done, 1 on an expected refusal, 2 on wrong usage."""
    try:
        app()
    except NotifyError as error:
        say(f"policy-notify: {error}", err=True)
        sys.exit(1)
