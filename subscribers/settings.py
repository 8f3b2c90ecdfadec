"""The settings of ``policy-notify``: ``POLICY_NOTIFY_*`` in the environment, read and checked once.

A secret can be in a file instead: ``POLICY_NOTIFY_SENDGRID_API_KEY_FILE`` names the file with the value of
``POLICY_NOTIFY_SENDGRID_API_KEY``. Settings that only some commands need are required by those alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from email_validator import EmailNotValidError, validate_email
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from subscribers.default_folder import DATABASE, default_folder
from subscribers.errors import NotifyError
from subscribers.return_path import LONGEST_MAILBOX, ReturnPath

PREFIX = "POLICY_NOTIFY_"
SECRETS = (
    *(
        "database_url",
        "database_password",
        "mark_url",
        "mark_password",
        "smtp_url",
        "smtp_password",
        "imap_password",
    ),
    *("sendgrid_api_key", "secret_keys", "proof_key"),
)
IN_FILES = (*SECRETS, "site_key")  # settings that can be in a file
COMMENT_BEHIND = "systemd reads a comment after a value as part of it; put the comment on its own line"
SHORTEST_SECRET_KEY = 32  # characters; 128 bits even if they are only hexadecimal digits
NEEDED_BY_TRANSPORT = {"folder": (), "smtp": ("smtp_url",), "sendgrid": ("sendgrid_api_key",)}


class SettingsError(NotifyError):
    """Settings are missing or wrong; the message names all of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("settings: " + "; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach:
    """The form in which the whole text is attached, and the bytes that all files of a message may have."""

    form: Literal["pdf", "text"]
    limit_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The sender, as every email names it."""

    address: Address
    legal_name: str
    contact: str
    link_hosts: frozenset[str] = (
        frozenset()
    )  # hosts that links in a message may lead to, besides the site and the contact
    # Where bounces go, by SMTP; None: to the From address.
    return_path: ReturnPath | None = field(default=None, repr=False, compare=False)
    attach: Attach | None = None


def _default_database() -> SecretStr:
    folder = default_folder(Path.cwd())
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return SecretStr(f"sqlite:///{folder / DATABASE}")


class Settings(BaseSettings):
    """All settings, typed. Made by ``read_settings``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, validate_default=False)

    database_url: SecretStr = Field(default_factory=_default_database)
    database_password: SecretStr | None = None
    mark_url: SecretStr | None = None  # of the database with the high-water mark
    mark_password: SecretStr | None = None
    transport: Literal["folder", "smtp", "sendgrid"] = "folder"
    mail_folder: Path = Field(default_factory=lambda: default_folder(Path.cwd()) / "mails")
    smtp_url: SecretStr | None = None
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_log: str | None = None  # the mail server's logs, separated by white space
    return_path: str | None = None  # an email address; with smtp, bounces go to its extensions
    imap_password: SecretStr | None = None  # of the mailbox with bounces
    sendgrid_api_key: SecretStr | None = None
    sendgrid_host: str = "https://api.sendgrid.com"
    sendgrid_subuser: str | None = None
    sendgrid_event_public_key: str | None = None
    dkim_selectors: str | None = None  # separated by white space; s1, or s1._domainkey.example.com
    secret_keys: SecretStr | None = None
    sender: str | None = Field(default=None, validation_alias=f"{PREFIX}FROM")
    legal_name: str | None = None
    contact: str | None = None
    link_hosts: str = ""  # separated by white space
    public_url: str | None = None  # the URL of policy-notify serve
    site_key: str | None = None  # the public key of a site that signs its history.json
    daily_announcements: int = Field(default=3, ge=1)  # in 24 hours without an operator's release
    changes: Literal["every", "material"] = "every"
    attach: Literal["pdf", "text"] | None = None
    # SendGrid takes 30 MB ("Mail Send", Limitations), of which base64 leaves 22; many servers take only 10.
    attach_limit_kb: int = Field(
        default=3_000, ge=1, le=20_000
    )  # of all files of a message, 1,000 bytes each
    hourly_pace: int | None = Field(default=None, ge=1)  # recipients
    warm_up: int | None = Field(default=None, ge=1)  # recipients in an hour of a new sender's first day
    domain_limits: str = ""  # separated by white space: gmail.com=2000/2
    # SendGrid repeats a failed post for 24 hours, so an event may be that late.
    evidence_window: int = Field(default=86_400, ge=1)  # seconds
    event_retention_days: int = Field(default=0, ge=0)  # of raw posts, which hold addresses; 0 keeps none
    backup_key: str | None = None  # public keys, separated by white space
    backup_retention_days: int = Field(default=30, ge=1)
    canary: str | None = None
    proof_key: SecretStr | None = None

    @field_validator("sender", "canary")
    @classmethod
    def _is_address(cls, value: str, info: ValidationInfo) -> str:
        try:
            address = ascii_address(value)
        except ValueError as error:
            raise ValueError(f"is not an email address: {error}") from error
        return value if info.field_name == "sender" else address

    @field_validator("return_path")
    @classmethod
    def _takes_extensions(cls, value: str) -> str:
        try:
            address = ascii_address(value)
        except ValueError as error:
            raise ValueError(f"is not an email address: {error}") from error
        mailbox = address.rpartition("@")[0]
        if "+" in mailbox:
            raise ValueError("has a + before the @; write the mailbox alone, such as bounces@example.com")
        if len(mailbox) > LONGEST_MAILBOX:
            raise ValueError(
                f"has {len(mailbox)} characters before the @; {LONGEST_MAILBOX} leave room for the delivery"
            )
        return address

    @field_validator("secret_keys")
    @classmethod
    def _are_long(cls, value: SecretStr) -> SecretStr:
        if any(len(key) < SHORTEST_SECRET_KEY for key in value.get_secret_value().split()):
            raise ValueError(
                f"each key needs {SHORTEST_SECRET_KEY} characters or more (openssl rand -hex 32)"
            )
        return value

    @field_validator("link_hosts")
    @classmethod
    def _are_hosts(cls, value: str) -> str:
        if wrong := [host for host in value.split() if not re.fullmatch(r"[^\W_]([\w.-]*[^\W_])?", host)]:
            raise ValueError(
                f"{wrong[0]} is not a host name; write hosts such as www.example.com, without https://"
            )
        return value

    @field_validator("public_url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            raise ValueError("must be a URL such as https://notify.example.com/")
        return value

    @field_validator("sendgrid_host")
    @classmethod
    def _is_encrypted(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError("must begin with https://")
        return value.rstrip("/")

    def who_sends(self) -> Sender:
        """The sender; raises SettingsError if a setting for it is missing."""
        self._demand("sender", "legal_name", "contact")
        assert self.sender
        assert self.legal_name
        assert self.contact
        return Sender(
            address=Address(display_name=parseaddr(self.sender)[0], addr_spec=ascii_address(self.sender)),
            legal_name=self.legal_name,
            contact=self.contact,
            link_hosts=frozenset(self.link_hosts.split()) | self._public_host(),
            return_path=self.signed_return_path() if self.transport == "smtp" else None,
            attach=self.what_to_attach(),
        )

    def what_to_attach(self) -> Attach | None:
        """The form in which the whole text is attached; None if it is not."""
        return Attach(form=self.attach, limit_bytes=self.attach_limit_kb * 1000) if self.attach else None

    def signed_return_path(self) -> ReturnPath | None:
        """Where bounces go; None if the setting is absent. Raises SettingsError without a key to sign it."""
        return ReturnPath(self.return_path, self.demand_keys()) if self.return_path else None

    def demand_return_path(self) -> ReturnPath:
        """Where bounces go; raises SettingsError if a setting for it is missing."""
        self._demand("return_path", "secret_keys")
        assert self.return_path
        return ReturnPath(self.return_path, self.keys())

    def _public_host(self) -> frozenset[str]:
        host = urlsplit(self.public_url).hostname if self.public_url else None
        return frozenset({host} if host else ())

    def database(self) -> str:
        """The database's URL, with the password from POLICY_NOTIFY_DATABASE_PASSWORD if it is set."""
        return _with_password(self.database_url, self.database_password, setting=f"{PREFIX}DATABASE")

    def mark(self) -> str | None:
        """The URL of the database with the high-water mark; None if the setting is absent."""
        if self.mark_url is None:
            return None
        return _with_password(self.mark_url, self.mark_password, setting=f"{PREFIX}MARK")

    def demand_for_sending(self) -> None:
        """Raise SettingsError if a setting for sending is missing; the message names all of them."""
        signing = ("secret_keys",) if self.transport == "smtp" and self.return_path else ()
        self._demand("sender", "legal_name", "contact", *NEEDED_BY_TRANSPORT[self.transport], *signing)

    def keys(self) -> tuple[str, ...]:
        """The secret keys, newest first; empty if none is set."""
        return tuple(self.secret_keys.get_secret_value().split()) if self.secret_keys else ()

    def demand_keys(self) -> tuple[str, ...]:
        """The secret keys; raises SettingsError if there is none."""
        self._demand("secret_keys")
        return self.keys()

    def demand_imap_password(self) -> str:
        """The password of the mailbox with bounces; raises SettingsError if there is none."""
        self._demand("imap_password")
        assert self.imap_password
        return self.imap_password.get_secret_value()

    def demand_proof_key(self) -> str:
        """The private key that signs proofs, in PEM; raises SettingsError if there is none."""
        self._demand("proof_key")
        assert self.proof_key
        return self.proof_key.get_secret_value()

    def _demand(self, *names: str) -> None:
        missing = [name for name in names if not getattr(self, name)]
        if missing:
            raise SettingsError([f"set {_variable(name)}" for name in missing])


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Reads the settings; raises SettingsError with all problems at once.

    ``environment`` names the files of secrets; pydantic-settings reads the rest from the process's own.
    """
    secrets: dict[str, Any] = {}
    problems: list[str] = []
    for name in IN_FILES:
        variable = f"{_variable(name)}_FILE"
        if file := environment.get(variable):
            try:
                secrets[name] = Path(file).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                problems.append(f"{variable}: cannot read {file} ({_reason(error)})")
    try:
        settings = Settings(**secrets)
    except (OSError, RuntimeError) as error:  # the default folder needs a home folder
        reason = _reason(error) if isinstance(error, OSError) else "the user has no home folder"
        raise SettingsError(
            [f"set {_variable('database_url')}: its default folder cannot be made ({reason})"]
        ) from error
    except ValidationError as error:
        problems += [
            f"{variable}: {p['msg'].removeprefix('Value error, ')}"
            + (f" ({COMMENT_BEHIND})" if has_comment_behind(environment.get(variable, "")) else "")
            for p in error.errors(include_url=False)
            for variable in [_variable(str(p["loc"][0]))]
        ]
    if problems:
        raise SettingsError(problems)
    return settings


def _with_password(url: SecretStr, password: SecretStr | None, *, setting: str) -> str:
    """The URL with the password in it; raises SettingsError if it has no place for one."""
    if password is None:
        return url.get_secret_value()
    scheme, _, rest = url.get_secret_value().partition("://")
    user, at, place = rest.partition("@")
    if not at or not user or set(user) & set(":/?#"):
        problem = f"name the user in {setting}_URL, without a password: postgresql://USER@HOST/NAME"
        raise SettingsError([f"{setting}_PASSWORD: {problem}"])
    return f"{scheme}://{user}:{quote(password.get_secret_value(), safe='')}@{place}"


def ascii_address(sender: str) -> str:
    """The email address in ``Name <address>`` as mail servers accept it: its domain in ASCII (IDNA).

    Raises ``ValueError`` if it is not one, or if it has letters outside ASCII before the @: then most
    servers could not return a reply or a bounce.
    """
    try:
        # Names reserved for tests and examples pass here; whether email arrives is not checked.
        checked = validate_email(parseaddr(sender)[1], check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from error
    if checked.ascii_email is None:
        raise ValueError("only ASCII letters are supported before the @; use another email address")
    return checked.ascii_email


def has_comment_behind(value: str) -> bool:
    """Whether the value includes a comment that was on the same line."""
    return " #" in value


def _reason(error: OSError | UnicodeDecodeError) -> str:
    """Why a file cannot be read, without error numbers."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is not UTF-8"


def _variable(name: str) -> str:
    """The environment variable of a setting, which pydantic names by its alias if it has one."""
    return f"{PREFIX}FROM" if name in {"sender", f"{PREFIX}FROM"} else f"{PREFIX}{name.upper()}"
