"""``policy-site serve``: shows the site with uncommitted edits, and their redline, in a browser."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

import typer

from generator.commands.shared import MKDOCS_YML, ConfigFile
from generator.errors import PolicyError
from generator.printable import say

EXAMPLE = "policy-site serve --address 127.0.0.1:8001"
LAST_PORT = 65_535


class AddressError(PolicyError):
    """The preview cannot listen on this IP address and port."""

    def __init__(self, address: str, *, reason: str) -> None:
        super().__init__(f"{address}: {reason}; use another with --address, such as 127.0.0.1:8001")
        self.address = address


def serve(
    *,
    config: ConfigFile = MKDOCS_YML,
    address: Annotated[
        str, typer.Option(metavar="IP:PORT", help="The IP address and port to listen on.")
    ] = "127.0.0.1:8000",
) -> None:
    """Preview the site with uncommitted edits and their redline. Pages reload when you save a file."""
    from generator.mkdocs_plugin import run

    site = run.read_config(config)
    refuse_unusable(address)
    path = urlsplit(site.site_url).path
    say(f"http://{address}{path} shows the site with uncommitted edits; press Ctrl-C to stop", err=True)
    run.serve(config, address=address, report=lambda line: say(line, err=True))


def refuse_unusable(address: str) -> None:
    """Raise AddressError unless a server can listen here, before anything is built."""
    host, _, port = address.rpartition(":")
    try:
        ip = ip_address("127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]"))
        number = int(port)
    except ValueError:
        raise AddressError(address, reason="is not an IP address and port") from None
    if not 0 < number <= LAST_PORT:
        raise AddressError(address, reason=f"the port must be from 1 to {LAST_PORT}")
    with socket.socket(socket.AF_INET6 if ip.version == 6 else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((str(ip), number))
        except OSError as error:
            raise AddressError(address, reason=(error.strerror or str(error)).lower()) from error
