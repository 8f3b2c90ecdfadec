"""Which SMTP server the settings name: passwords of any signs, and nothing of them in any refusal."""

from __future__ import annotations

import pytest

from subscribers.transports.smtp_server import SmtpUrlError, read_server


@pytest.mark.parametrize(
    "password",
    ["BHk/3xq+9", "BHk#3xq9", "BHk[3xq]9", "BHk?3xq9", "BHk@3xq9", "BHk:3xq9", "50%off"],
)
def test_the_url_may_have_a_password_with_any_characters(password: str) -> None:
    server = read_server(f"smtp://AKIA:{password}@mail.example:587")
    assert (server.user, server.password, server.host, server.port) == ("AKIA", password, "mail.example", 587)


def test_a_password_may_be_escaped() -> None:
    server = read_server("smtps://a%40b.example:p%2Fq%25@mail.example")
    assert (server.user, server.password, server.port) == ("a@b.example", "p/q%", 465)


def test_user_and_password_may_have_settings_of_their_own() -> None:
    server = read_server("smtp://mail.example", user="a@b.example", password="%2F:/@?#[")
    assert (server.user, server.password) == ("a@b.example", "%2F:/@?#[")
    assert read_server("smtp://anna@mail.example", password="pw").password == "pw"


def test_a_server_is_shown_without_its_password() -> None:
    server = read_server("smtp://AKIA:BHk@[::1]:25")
    assert server.shown == "smtp://::1:25"
    assert "BHk" not in repr(server)


@pytest.mark.parametrize(
    "url",
    [
        "smtp://mailer:BHk3xq9@127.0.0.1:58700000",
        "smtp://mailer:BHk3xq9@127.0.0.1:65536",
        "smtp://mailer:BHk3xq9@127.0.0.1:0",
        "smtp://mailer:BHk3xq9@127.0.0.1:smtp",
        "smtp://mailer:BHk3xq9@",
        "smtp://mailer:BHk3xq9",
        "smtp://:BHk3xq9@127.0.0.1",
        "smtp://mailer:BHk3xq9@127.0.0.1/BHk",
        "smtp://mailer:BHk3xq9@127.0.0.1?BHk",
        "smtp://mailer:BHk%ff@127.0.0.1",
        "mailer:BHk3xq9@127.0.0.1",
        "http://mailer:BHk3xq9@127.0.0.1",
        "smtp:BHk",
        "BHk",
        "",
    ],
)
def test_a_url_that_names_no_server_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(SmtpUrlError) as caught:
        read_server(url)
    assert "BHk" not in str(caught.value)
    assert "POLICY_NOTIFY_SMTP_PASSWORD" in str(caught.value)


def test_a_password_in_two_places_is_refused() -> None:
    for options in ({"password": "BHk"}, {"user": "anna"}, {"user": "anna", "password": "BHk"}):
        with pytest.raises(SmtpUrlError, match="is set twice"):
            read_server("smtp://mailer:BHk@mail.example", **options)
    with pytest.raises(SmtpUrlError, match="no user"):
        read_server("smtp://mail.example", password="BHk")
