"""The web application, and the server that runs it; by default it listens on this machine only."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import uvicorn
from fastapi import APIRouter, FastAPI
from sqlalchemy import Engine
from starlette.middleware.trustedhost import TrustedHostMiddleware

from subscribers.errors import NotifyError
from subscribers.web.health import health
from subscribers.web.mailbox import mailbox
from subscribers.web.site_files import SiteFiles
from subscribers.web.timed_protocol import TimedProtocol


class ListeningError(NotifyError):
    """The server may not or cannot listen there."""


def make_app(
    *,
    site: Path | None = None,
    messages: Path | None = None,
    events: APIRouter | None = None,
    database: Engine | None = None,
) -> FastAPI:
    """The application: ``/healthz``, ``events``, the ``site`` at ``/``, the ``messages`` at ``/messages/``.

    ``database`` is where the events go.
    """
    app = FastAPI(title="policy-notify", docs_url=None, redoc_url=None, openapi_url=None)

    app.include_router(health(database))
    if events is not None:
        app.include_router(events)
    if messages is not None:
        # Another site whose name is made to point here must not read emails through the visitor's browser.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
        app.include_router(mailbox(messages), prefix="/messages", include_in_schema=False)
    if site is not None:
        app.mount("/", SiteFiles(site), name="site")
    return app


def serve(
    *,
    host: str,
    port: int,
    site: Path | None,
    messages: Path | None,
    events: APIRouter | None = None,
    database: Engine | None = None,
) -> None:
    """Answer at ``host`` and ``port`` until stopped."""
    if messages is not None and not _is_loopback(host):
        raise ListeningError(
            f"--host {host}: emails hold personal data and are only shown on this machine; "
            "leave out --messages"
        )
    for option, folder in (("--site", site), ("--messages", messages)):
        if folder is not None and not folder.is_dir():
            raise ListeningError(f"{option} {folder}: is not a folder; create it first (make run)")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise ListeningError(
            f"{host}:{port}: cannot listen ({error.strerror}); choose another --port"
        ) from error
    with listening:
        config = uvicorn.Config(
            make_app(site=site, messages=messages, events=events, database=database),
            http=TimedProtocol,
            log_level="warning",
            server_header=False,
        )
        uvicorn.Server(config).run(sockets=[listening])


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
