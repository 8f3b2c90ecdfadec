"""The doctor's findings about a SendGrid account: its own client against a server that speaks its API."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from subscribers.doctor import sendgrid_account
from subscribers.doctor.finding import Finding, Level
from subscribers.doctor.sendgrid_account import AccountReport, check_account
from subscribers.settings import Settings

API_KEY = "SG.test"
PUBLIC_KEY = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"
WEBHOOK = {
    "enabled": True,
    "url": "https://notify.shop.example/events/sendgrid",
    "public_key": PUBLIC_KEY,
    **dict.fromkeys(("processed", "delivered", "dropped", "bounce", "spam_report"), True),
}
DOMAIN = {
    "id": 1,
    "domain": "shop.example",
    "subdomain": "em1",
    "valid": True,
    "dns": {
        "mail_cname": {"host": "em1.shop.example", "type": "cname", "valid": True},
        "dkim1": {"host": "s1._domainkey.shop.example", "type": "cname", "valid": True},
        "dkim2": {"host": "s2._domainkey.shop.example", "type": "cname", "valid": True},
    },
}


class AccountDouble:
    """An account that has everything; ``answers`` maps a path to status and body."""

    def __init__(self) -> None:
        self.domains: list[dict[str, Any]] = [DOMAIN]
        self.answers: dict[str, tuple[int, Any]] = {
            "/v3/scopes": (200, {"scopes": ["mail.send", "whitelabel.read"]}),
            "/v3/verified_senders": (200, {"results": []}),
            "/v3/user/webhooks/event/settings/all": (200, {"webhooks": [WEBHOOK]}),
        }
        self.subusers: list[str | None] = []

    def __enter__(self) -> Self:
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                double.subusers.append(self.headers["On-Behalf-Of"])
                status: int
                body: object
                if self.headers["Authorization"] != f"Bearer {API_KEY}":
                    status, body = 401, {"errors": [{"field": None, "message": "authorization required"}]}
                elif parts.path in double.answers:
                    status, body = double.answers[parts.path]
                else:
                    assert parts.path == "/v3/whitelabel/domains"
                    [wanted] = parse_qs(parts.query)["domain"]
                    status, body = 200, [domain for domain in double.domains if wanted in domain["domain"]]
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"


@pytest.fixture
def double() -> Iterator[AccountDouble]:
    with AccountDouble() as double:
        yield double


def settings(host: str, *, api_key: str = API_KEY, sender: str = "Shop <policy@shop.example>") -> Settings:
    return Settings(
        transport="sendgrid",
        sendgrid_api_key=SecretStr(api_key),
        sendgrid_host=host,
        sendgrid_event_public_key=PUBLIC_KEY,
        POLICY_NOTIFY_FROM=sender,
    )


def look(double: AccountDouble, **values: str) -> AccountReport:
    return check_account(settings(double.url, **values))


def the_fault(account: AccountReport) -> Finding:
    [finding] = [finding for finding in account.findings if finding.level is not Level.OK]
    return finding


def test_an_account_that_has_everything_is_all_right(double: AccountDouble) -> None:
    account = look(double)

    assert [finding.level for finding in account.findings] == [Level.OK, Level.OK, Level.OK]
    assert account.authentication
    assert account.authentication.envelope_domain == "em1.shop.example"
    assert account.authentication.key_names == ("s1._domainkey.shop.example", "s2._domainkey.shop.example")


def test_a_key_that_is_refused_is_an_error(double: AccountDouble) -> None:
    fault = the_fault(look(double, api_key="SG.old"))

    assert fault.level is Level.ERROR
    assert fault.seen == "refuses the key: 401 authorization required"


def test_a_key_must_be_allowed_to_send(double: AccountDouble) -> None:
    double.answers["/v3/scopes"] = (200, {"scopes": ["stats.read"]})
    assert "no permission to send" in the_fault(look(double)).seen


def test_the_domain_above_authenticates_too(double: AccountDouble) -> None:
    account = look(double, sender="policy@news.shop.example")
    assert account.authentication
    assert account.authentication.envelope_domain == "em1.shop.example"


def test_a_domain_whose_records_are_not_found_is_an_error(double: AccountDouble) -> None:
    double.domains = [{**DOMAIN, "valid": False}]
    assert "cannot find its DNS records" in the_fault(look(double)).seen


def test_a_sender_that_nobody_verified_is_an_error(double: AccountDouble) -> None:
    double.domains = [{**DOMAIN, "domain": "othershop.example"}]
    double.answers["/v3/verified_senders"] = (
        200,
        {"results": [{"from_email": "policy@shop.example", "verified": False}]},
    )
    assert the_fault(look(double)).level is Level.ERROR


def test_a_single_verified_address_speaks_for_no_domain(double: AccountDouble) -> None:
    double.domains = []
    double.answers["/v3/verified_senders"] = (
        200,
        {"results": [{"from_email": "Policy@shop.example", "verified": True}]},
    )
    fault = the_fault(look(double))
    assert fault.level is Level.WARNING
    assert "DMARC" in fault.seen


def test_what_the_key_may_not_ask_is_not_known(double: AccountDouble) -> None:
    double.answers["/v3/whitelabel/domains"] = (403, {"errors": [{"message": "access forbidden"}]})
    double.answers["/v3/user/webhooks/event/settings/all"] = (403, {"errors": []})
    account = look(double)

    assert the_fault(account).level is Level.WARNING
    assert "cannot check" in the_fault(account).seen
    assert account.authentication is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"public_key": "another"}, "no event webhook signs"),
        ({"enabled": False}, "turned off"),
        ({"bounce": False}, "does not post bounce"),
    ],
)
def test_events_that_will_not_come_are_an_error(
    double: AccountDouble, change: dict[str, Any], words: str
) -> None:
    double.answers["/v3/user/webhooks/event/settings/all"] = (200, {"webhooks": [{**WEBHOOK, **change}]})
    assert words in the_fault(look(double)).seen


@pytest.mark.parametrize("answer", [(503, b"busy"), (200, b"<html>"), (200, {"hello": 1}), (200, [])])
def test_an_answer_that_says_nothing_is_an_error(double: AccountDouble, answer: tuple[int, Any]) -> None:
    double.answers["/v3/scopes"] = answer if answer[1] != [] else (200, {"scopes": "mail.send"})
    assert the_fault(look(double)).level is Level.ERROR


def test_silence_is_an_error_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sendgrid_account, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        account = check_account(settings(f"http://127.0.0.1:{silent.getsockname()[1]}"))
    assert "no answer" in the_fault(account).seen


def test_a_subuser_is_named(double: AccountDouble) -> None:
    check_account(settings(double.url).model_copy(update={"sendgrid_subuser": "notices"}))
    assert set(double.subusers) == {"notices"}
