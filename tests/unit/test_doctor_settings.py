"""The doctor's findings about the settings alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from subscribers.doctor.configuration import check_settings
from subscribers.doctor.finding import Finding, Level
from subscribers.doctor.sending_route import Authentication, sending_of
from subscribers.settings import Settings

KEYS = "0123456789abcdef" * 2, "fedcba9876543210" * 2


def settings(**values: Any) -> Settings:
    complete = {
        "POLICY_NOTIFY_FROM": "Shop <policy@shop.example.shop>",
        "legal_name": "Shop LLC",
        "contact": "privacy@shop.example.shop",
        "secret_keys": " ".join(KEYS),
        "transport": "smtp",
        "smtp_url": "smtp://mail.shop.example.shop",
        "return_path": "bounces@shop.example.shop",
    }
    given = {name: value for name, value in (complete | values).items() if value is not None}
    return Settings.model_validate(given)


def faults(environment: dict[str, str] | None = None, **values: Any) -> list[Finding]:
    found = check_settings(settings(**values), environment or {})
    return [finding for finding in found if finding.level is not Level.OK]


def the_fault(environment: dict[str, str] | None = None, **values: Any) -> Finding:
    [finding] = faults(environment, **values)
    return finding


def event_key(private: Any) -> str:
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return "".join(pem.splitlines()[1:-1])


def test_complete_settings_have_no_fault() -> None:
    assert faults() == []


def test_bounces_that_nobody_takes_in_are_a_warning() -> None:
    finding = the_fault(return_path=None)
    assert (finding.level, finding.where) == (Level.WARNING, "POLICY_NOTIFY_RETURN_PATH")
    assert "policy-notify bounces" in (finding.remedy or "")


@pytest.mark.parametrize("name", ["POLICY_NOTIFY_FROM", "legal_name", "contact", "smtp_url", "secret_keys"])
def test_what_is_missing_is_an_error_where_it_is_missing(name: str) -> None:
    fault = the_fault(**{name: None})
    assert fault.level is Level.ERROR
    assert name.lower().removeprefix("policy_notify_") in fault.where.lower()


@pytest.mark.parametrize("domain", ["example.com", "mail.example.org", "shop.test"])
def test_a_domain_for_examples_is_no_sender(domain: str) -> None:
    assert "for examples only" in the_fault(POLICY_NOTIFY_FROM=f"policy@{domain}").seen


def test_a_key_that_is_no_random_one_is_an_error() -> None:
    assert the_fault(secret_keys=f"{KEYS[0]} {'a' * 40}").seen == "key 2 does not look random"


def test_a_key_twice_is_a_warning() -> None:
    assert the_fault(secret_keys=f"{KEYS[0]} {KEYS[1]} {KEYS[0]}").level is Level.WARNING


def test_without_an_event_key_an_unknown_batch_stays_unknown() -> None:
    fault = the_fault(transport="sendgrid", sendgrid_api_key="SG.x")
    assert fault.level is Level.WARNING
    assert "resolve" in fault.seen


def test_only_a_key_that_can_sign_events_passes() -> None:
    sendgrid: dict[str, Any] = {"transport": "sendgrid", "sendgrid_api_key": "SG.x"}
    good = event_key(ec.generate_private_key(ec.SECP256R1()))
    others = ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)

    assert faults(**sendgrid, sendgrid_event_public_key=good) == []
    for wrong in (good[:-8], good[10:], "hello", *map(event_key, others)):
        assert the_fault(**sendgrid, sendgrid_event_public_key=wrong).level is Level.ERROR


def test_a_misspelt_setting_is_named() -> None:
    fault = the_fault({"POLICY_NOTIFY_FORM": "a@b.example", "PATH": "/bin", "POLICY_NOTIFY_FROM": "x"})
    assert fault.where == "POLICY_NOTIFY_FORM"


def test_a_secret_file_is_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(" ".join(KEYS))
    file.chmod(0o644)
    environment = {"POLICY_NOTIFY_SECRET_KEYS_FILE": str(file)}
    assert "can read this secret" in the_fault(environment).seen

    file.chmod(0o400)
    assert faults(environment) == []
    assert "ignored" in the_fault(environment | {"POLICY_NOTIFY_SECRET_KEYS": "x"}).seen


def test_notifying_users_of_material_changes_only_is_a_warning() -> None:
    assert the_fault(changes="material").topic == "policy"


def test_selectors_are_names_or_whole_names() -> None:
    given = settings(dkim_selectors="s1 k2._domainkey.provider.example.shop")
    sending = sending_of(given, "policy@shop.example.shop", None)

    assert sending.key_names == (("s1._domainkey.shop.example.shop", "k2._domainkey.provider.example.shop"),)
    assert (sending.host, sending.envelope_domain) == ("mail.shop.example.shop", "shop.example.shop")


def test_sendgrid_keys_are_where_it_says_or_where_it_usually_has_them() -> None:
    given = settings(transport="sendgrid", sendgrid_api_key="SG.x")
    told = Authentication(envelope_domain="em1.shop.example", key_names=("x._domainkey.shop.example",))

    assert sending_of(given, "a@news.shop.example", told).key_names == (("x._domainkey.shop.example",),)
    assert sending_of(given, "a@news.shop.example", None).key_names == (
        ("s1._domainkey.news.shop.example", "s2._domainkey.news.shop.example"),
        ("s1._domainkey.shop.example", "s2._domainkey.shop.example"),
    )
    assert sending_of(given, "a@news.shop.example", None).envelope_domain is None


def test_a_domain_in_other_letters_is_asked_for_as_name_servers_know_it() -> None:
    sending = sending_of(settings(), "Магазин <policy@магазин.бел>", None)
    assert sending.domain == "магазин.бел".encode("idna").decode()


def test_replies_go_to_the_contact_if_it_is_an_email_address() -> None:
    sender = "policy@shop.example.shop"
    assert sending_of(settings(), sender, None).reply_domain == "shop.example.shop"
    assert (
        sending_of(settings(contact="help@contact.example"), sender, None).reply_domain == "contact.example"
    )
    assert sending_of(settings(contact="https://shop.example/contact"), sender, None).reply_domain is None


def test_the_envelope_is_that_of_the_return_path() -> None:
    given = settings(return_path="bounces@mail.shop.example.shop")
    assert sending_of(given, "policy@shop.example.shop", None).envelope_domain == "mail.shop.example.shop"
