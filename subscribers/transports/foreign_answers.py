"""Judges HTTP answers that are not the provider's own: pages of a firewall, a proxy or a load balancer.

The only question is whether the provider can have accepted the request. If that cannot be known, it is not
guessed: the batch is then unknown.
"""

from __future__ import annotations

import http
import re
from collections.abc import Mapping
from email.message import Message
from enum import Enum, auto


class Proof(Enum):
    """The conclusion from an answer to a request."""

    REFUSED = auto()  # not accepted, and a repetition would be refused too
    NOT_NOW = auto()  # not accepted, but it may be later
    UNKNOWN = auto()


# By status. Sections are of RFC 9110 unless another RFC is named. The server that wrote the answer judged the
# request and did not carry it out. It cannot be a filter of answers, because the provider's 202 is empty.
BY_STATUS: Mapping[int, Proof] = {
    301: Proof.REFUSED,  # 15.4: the client has to do something else for the request to be fulfilled
    302: Proof.REFUSED,  # 15.4.3
    307: Proof.REFUSED,  # 15.4.8
    308: Proof.REFUSED,  # 15.4.9
    400: Proof.REFUSED,  # 15.5.1: will not process the request
    401: Proof.REFUSED,  # 15.5.2: the request has not been applied
    403: Proof.REFUSED,  # 15.5.4: refuses to fulfil it
    404: Proof.REFUSED,  # 15.5.5: nothing there could have accepted it
    405: Proof.REFUSED,  # 15.5.6
    407: Proof.REFUSED,  # 15.5.8: the proxy asks for credentials first
    408: Proof.NOT_NOW,  # 15.5.9: the request did not arrive complete
    411: Proof.REFUSED,  # 15.5.12: refuses to accept it
    413: Proof.REFUSED,  # 15.5.14: refuses to process it
    414: Proof.REFUSED,  # 15.5.15: refuses to serve it
    415: Proof.REFUSED,  # 15.5.16: refuses to serve it
    421: Proof.REFUSED,  # 15.5.20: directed at a server that cannot answer it
    425: Proof.NOT_NOW,  # RFC 8470, section 5.2: unwilling to risk processing it
    426: Proof.REFUSED,  # 15.5.22: refuses to perform it
    431: Proof.REFUSED,  # RFC 6585, section 5: unwilling to process it
    451: Proof.REFUSED,  # RFC 7725, section 3: denies access
    501: Proof.REFUSED,  # 15.6.2: cannot fulfil it
    505: Proof.REFUSED,  # 15.6.6: refuses the version of HTTP
    511: Proof.REFUSED,  # RFC 6585, section 6: a network asks for a login, never the provider
    # Not listed, so unknown: 2xx other than 202 (a login page may say 200), 303 (said after the work is
    # done), 406 (may be said of the answer), 409, 500, 502, 503, 504 (it may have been passed on).
}
# RFC 9209, section 2.3: with these errors, the proxy never passed the request on.
BY_PROXY_STATUS = frozenset(
    {
        "dns_timeout",
        "dns_error",
        "destination_not_found",
        "destination_unavailable",
        "destination_ip_prohibited",
        "destination_ip_unroutable",
        "connection_refused",
        "connection_timeout",
        "connection_limit_reached",
        "tls_protocol_error",
        "tls_certificate_error",
        "tls_alert_received",
        "http_request_error",
        "http_request_denied",
        "proxy_loop_detected",
    }
)
PROXY_ERROR = re.compile(r";\s*error=([a-z_]+)")
LONGEST_SHOWN = 60


def judge(status: int, headers: Message) -> Proof:
    """The conclusion from an answer whose body does not have the provider's form."""
    proof = BY_STATUS.get(status, Proof.UNKNOWN)
    # Each proxy on the way adds its own entry at the end, so the first entry is nearest to the provider.
    error = PROXY_ERROR.search(str(headers.get("Proxy-Status", "")).partition(",")[0])
    if proof is Proof.UNKNOWN and error and error[1] in BY_PROXY_STATUS:
        return Proof.NOT_NOW
    return proof


def described(status: int, headers: Message) -> str:
    """Describes such an answer by its status and by the headers that name its server."""
    try:
        phrase = f" {http.HTTPStatus(status).phrase}"
    except ValueError:
        phrase = ""
    writer = [
        f"{name}: {_shown(str(value))}"
        for name in ("Server", "Via", "Content-Type", "Location")
        if (value := headers.get(name))
    ]
    return f"{status}{phrase}, not in SendGrid's form ({', '.join(writer) or 'no header names its server'})"


def _shown(value: str) -> str:
    """``value`` shortened, on one line, and without the query of a URL."""
    bare = re.split(r"[?#]", value, maxsplit=1)[0][:LONGEST_SHOWN]
    return "".join(sign if sign.isprintable() else "?" for sign in bare)
