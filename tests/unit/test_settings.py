"""Settings: all problems at once, secrets from files, and nothing demanded that is not needed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from subscribers.settings import SettingsError, read_settings


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("POLICY_NOTIFY_"):
            monkeypatch.delenv(name)


def test_nothing_needs_to_be_set_to_begin() -> None:
    settings = read_settings(os.environ)
    assert settings.transport == "folder"
    assert settings.database_url.get_secret_value().startswith("sqlite:")


def test_all_problems_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_NOTIFY_TRANSPORT", "pigeon")
    monkeypatch.setenv("POLICY_NOTIFY_FROM", "nobody")
    monkeypatch.setenv("POLICY_NOTIFY_SENDGRID_HOST", "http://api.example")
    monkeypatch.setenv("POLICY_NOTIFY_SMTP_URL_FILE", "/none/such")
    with pytest.raises(SettingsError) as caught:
        read_settings(os.environ)

    text = str(caught.value)
    for variable in ("TRANSPORT", "FROM", "SENDGRID_HOST", "SMTP_URL_FILE"):
        assert f"POLICY_NOTIFY_{variable}" in text
    assert "POLICY_NOTIFY_SMTP_URL_FILE: cannot read /none/such (No such file or directory)" in text
    assert "POLICY_NOTIFY_SENDGRID_HOST: must begin with https://" in text


def test_a_secret_can_be_read_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("SG.secret\n")
    monkeypatch.setenv("POLICY_NOTIFY_SENDGRID_API_KEY_FILE", str(tmp_path / "key"))
    key = read_settings(os.environ).sendgrid_api_key
    assert key is not None
    assert key.get_secret_value() == "SG.secret"
    assert "SG.secret" not in repr(read_settings(os.environ))


def test_a_comment_behind_a_value_is_named_as_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    """systemd hands it over with the value; a shell would not."""
    monkeypatch.setenv("POLICY_NOTIFY_HOURLY_PACE", "20000   # people in an hour")
    with pytest.raises(SettingsError, match=r"HOURLY_PACE: .*comment after a value.*its own line"):
        read_settings(os.environ)


def test_sending_demands_all_that_it_needs_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_NOTIFY_TRANSPORT", "sendgrid")
    with pytest.raises(SettingsError) as caught:
        read_settings(os.environ).demand_for_sending()
    assert caught.value.problems == [
        "set POLICY_NOTIFY_FROM",
        "set POLICY_NOTIFY_LEGAL_NAME",
        "set POLICY_NOTIFY_CONTACT",
        "set POLICY_NOTIFY_SENDGRID_API_KEY",
    ]


def test_the_sender_has_a_name_and_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_NOTIFY_FROM", "Example Market <policy@example.com>")
    monkeypatch.setenv("POLICY_NOTIFY_LEGAL_NAME", "Example Market LLC")
    monkeypatch.setenv("POLICY_NOTIFY_CONTACT", "privacy@example.com")
    sender = read_settings(os.environ).who_sends()
    assert (sender.address.display_name, sender.address.addr_spec) == ("Example Market", "policy@example.com")


def test_a_wrong_sender_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_NOTIFY_FROM", "nobody")
    with pytest.raises(SettingsError, match="settings: POLICY_NOTIFY_FROM: "):
        read_settings({})


def test_an_international_domain_is_used_in_its_ascii_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_NOTIFY_FROM", "Bücher <privacy@bücher-example.com>")
    monkeypatch.setenv("POLICY_NOTIFY_CANARY", "Canary <canary@магазин.рф>")
    monkeypatch.setenv("POLICY_NOTIFY_LEGAL_NAME", "Bücher GmbH")
    monkeypatch.setenv("POLICY_NOTIFY_CONTACT", "privacy@bücher-example.com")
    settings = read_settings({})
    sender = settings.who_sends()
    assert (sender.address.display_name, sender.address.addr_spec) == (
        "Bücher",
        "privacy@xn--bcher-example-wob.com",
    )
    assert settings.canary == "canary@xn--80aairftm.xn--p1ai"


@pytest.mark.parametrize("name", ["FROM", "CANARY"])
def test_letters_before_the_at_sign_of_a_sender_are_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"POLICY_NOTIFY_{name}", "привет@example.com")
    with pytest.raises(
        SettingsError, match=f"POLICY_NOTIFY_{name}: is not an email address: only ASCII letters"
    ):
        read_settings({})


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("bounces", "is not an email address"),
        ("bounces+x@market.example", r"has a \+ before the @"),
        (f"{'b' * 28}@market.example", "has 28 characters before the @; 27 leave room"),
    ],
)
def test_a_return_path_needs_room_for_the_delivery(
    monkeypatch: pytest.MonkeyPatch, value: str, problem: str
) -> None:
    monkeypatch.setenv("POLICY_NOTIFY_RETURN_PATH", value)
    with pytest.raises(SettingsError, match=problem):
        read_settings(os.environ)


def test_a_return_path_needs_a_key_that_signs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_NOTIFY_TRANSPORT", "smtp")
    monkeypatch.setenv("POLICY_NOTIFY_RETURN_PATH", "Bounces <bounces@market.example>")
    with pytest.raises(SettingsError, match="set POLICY_NOTIFY_SECRET_KEYS"):
        read_settings(os.environ).demand_for_sending()
    monkeypatch.setenv("POLICY_NOTIFY_SECRET_KEYS", "k" * 32)
    path = read_settings(os.environ).demand_return_path()
    assert path.address == "bounces@market.example"
