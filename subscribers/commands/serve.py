"""``policy-notify serve``: receives SendGrid's events, and shows the site and the emails."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from subscribers.printable import say
from subscribers.settings import read_settings

EXAMPLE = "policy-notify serve --site site --messages var/messages"


def serve_command(
    *,
    host: Annotated[str, typer.Option(help="The network address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
    site: Annotated[Path | None, typer.Option(help="Show this built site at /.")] = None,
    messages: Annotated[
        Path | None,
        typer.Option("--messages", "--mails", help="Show the emails in this folder at /messages/."),
    ] = None,
) -> None:
    """Receive SendGrid's events over HTTP; with --site and --messages, show both in a browser."""
    # FastAPI takes a while to import, and no other command needs it.
    from subscribers.web.app import serve  # noqa: PLC0415
    from subscribers.web.events import configured_events  # noqa: PLC0415

    if site is not None:
        say(f"The site:    http://{host}:{port}/")
    if messages is not None:
        say(f"The emails:  http://{host}:{port}/messages/")
    events, database = configured_events(read_settings(os.environ)) or (None, None)
    serve(host=host, port=port, site=site, messages=messages, events=events, database=database)
