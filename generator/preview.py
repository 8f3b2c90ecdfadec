"""The preview: refuses an address that cannot be used before anything is built."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from generator import plugin
from generator.errors import PolicyError

LAST_PORT = 65_535


class AddressError(PolicyError):
    """Nothing can listen at this address."""

    def __init__(self, address: str, *, reason: str) -> None:
        super().__init__(f"{address}: {reason}; name another with --address, such as 127.0.0.1:8001")
        self.address = address


def preview(config_file: Path, *, address: str, tell: Callable[[str], None]) -> None:
    """Serve the site with what is not committed yet, until interrupted; ``tell`` gets each line to say."""
    site = plugin.read_config(config_file)
    _refuse_unusable(address)
    path = urlsplit(site.site_url).path
    tell(f"http://{address}{path} shows the site with what is not committed yet; Ctrl-C ends it")
    plugin.serve(config_file, address=address, tell=tell)


def _refuse_unusable(address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        ip = ip_address("127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]"))
        number = int(port)
    except ValueError:
        raise AddressError(address, reason="is no IP:PORT") from None
    if not 0 < number <= LAST_PORT:
        raise AddressError(address, reason=f"a port is 1 to {LAST_PORT}")
    with socket.socket(socket.AF_INET6 if ip.version == 6 else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((str(ip), number))
        except OSError as error:
            raise AddressError(address, reason=(error.strerror or str(error)).lower()) from error
