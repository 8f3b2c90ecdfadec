"""A DNS server on loopback that answers from a table, over UDP and TCP.

with NameServer() as server:
    server.publish("shop.example", "MX", "10 mail.shop.example.")
    server.broken.add("lame.example")        # SERVFAIL
    server.silent.add("slow.example")        # no answer at all
    names = server.names()
"""

from __future__ import annotations

import errno
import socketserver
import struct
import threading
from collections import defaultdict
from typing import Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

from subscribers.doctor.dns_queries import Names

UDP_LIMIT = 512  # so that a long answer has to come over TCP


class NameServer:
    """Answers for every name there is; ``asked`` counts the questions."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.broken: set[str] = set()
        self.silent: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self._tcp, self._udp = self._on_one_port()
        self.port: int = self._tcp.server_address[1]

    def __enter__(self) -> Self:
        for server in (self._tcp, self._udp):
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in (self._tcp, self._udp):
            server.shutdown()
            server.server_close()

    def _on_one_port(self) -> tuple[_Server, _Datagrams]:
        """A port that is free for TCP may be taken for UDP: then the next one."""
        while True:
            tcp = _Server(("127.0.0.1", 0), _Tcp, self)
            try:
                return tcp, _Datagrams(("127.0.0.1", tcp.server_address[1]), _Udp, self)
            except OSError as error:
                tcp.server_close()
                if error.errno != errno.EADDRINUSE:
                    raise

    def publish(self, name: str, kind: str, *records: str) -> None:
        """Records in zone-file form; a TXT record is given bare and cut into pieces of 255 bytes."""
        if kind == "TXT":
            pieces = [[text[at : at + 255] for at in range(0, len(text), 255)] for text in records]
            records = tuple(" ".join(f'"{piece}"' for piece in text) for text in pieces)
        self.records[name, kind].extend(records)

    def resolver(self) -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = self.port
        return resolver

    def names(self, *, lifetime_seconds: float = 5.0) -> Names:
        return Names(self.resolver(), lifetime_seconds=lifetime_seconds)

    def answer(self, wire: bytes) -> dns.message.Message | None:
        """The answer to a question; None for silence."""
        query = dns.message.from_wire(wire)
        [question] = query.question
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if name in self.silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if name in self.broken:
            response.set_rcode(dns.rcode.SERVFAIL)
            return response
        while alias := self.records.get((name, "CNAME")):
            response.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", alias[0]))
            name = alias[0].rstrip(".")
        if records := self.records.get((name, kind)):
            response.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *records))
        elif not any(known == name or known.endswith(f".{name}") for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type, owner: NameServer) -> None:
        super().__init__(address, handler)
        self.owner = owner


class _Datagrams(socketserver.ThreadingUDPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type, owner: NameServer) -> None:
        super().__init__(address, handler)
        self.owner = owner


class _Udp(socketserver.BaseRequestHandler):
    server: _Datagrams

    def handle(self) -> None:
        wire, socket = self.request
        if (answer := self.server.owner.answer(wire)) is not None:
            whole = answer.to_wire()
            if len(whole) > UDP_LIMIT:
                answer.answer.clear()
                answer.flags |= dns.flags.TC
                whole = answer.to_wire()
            socket.sendto(whole, self.client_address)


class _Tcp(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        (length,) = struct.unpack("!H", self.rfile.read(2))
        if (answer := self.server.owner.answer(self.rfile.read(length))) is not None:
            whole = answer.to_wire()
            self.wfile.write(struct.pack("!H", len(whole)) + whole)
