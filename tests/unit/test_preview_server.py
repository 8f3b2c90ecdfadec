"""The preview answers to this machine's addresses only, and hides nothing of what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from generator.mkdocs_plugin.preview_server import PreviewApplication, is_own_name


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8000", "127.0.0.1", "localhost:8000", "localhost", "[::1]:8000", "192.168.1.4:80"],
)
def test_an_address_of_a_machine_is_answered(host: str) -> None:
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
def test_any_other_name_is_not(host: str) -> None:
    assert not is_own_name(host)


def asked(application: PreviewApplication, path: str) -> str:
    said: list[Any] = []
    body = application({"HTTP_HOST": "localhost", "PATH_INFO": path}, lambda *args: said.append(args))
    return b"".join(body).decode()


def test_a_problem_is_shown_on_pages_and_on_nothing_else() -> None:
    application = PreviewApplication(lambda *_: [b"as always"])
    assert asked(application, "/privacy/") == "as always"
    application.problem = "privacy.md:3: <script>"
    assert "privacy.md:3: &lt;script&gt;" in asked(application, "/privacy/")
    assert asked(application, "/livereload/1/2") == "as always"
    application.problem = None
    assert asked(application, "/privacy/") == "as always"
