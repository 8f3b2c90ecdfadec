"""The preview answers at this machine's own addresses only, and shows what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from generator.mkdocs_plugin.preview_server import PreviewApplication, is_own_name


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8000", "127.0.0.1", "localhost:8000", "localhost", "[::1]:8000", "192.168.1.4:80"],
)
def test_localhost_and_ip_addresses_are_answered(host: str) -> None:
    assert is_own_name(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        ":80",
        "[x]",
    ],
)
def test_other_host_names_are_not_answered(host: str) -> None:
    assert not is_own_name(host)


def asked(application: PreviewApplication, path: str) -> str:
    said: list[Any] = []
    body = application({"HTTP_HOST": "localhost", "PATH_INFO": path}, lambda *args: said.append(args))
    return b"".join(body).decode()


def test_a_problem_replaces_pages_but_no_other_files() -> None:
    application = PreviewApplication(lambda *_: [b"as always"])
    assert asked(application, "/privacy/") == "as always"
    application.problem = "privacy.md:3: <script>"
    assert "privacy.md:3: &lt;script&gt;" in asked(application, "/privacy/")
    assert asked(application, "/livereload/1/2") == "as always"
    application.problem = None
    assert asked(application, "/privacy/") == "as always"
