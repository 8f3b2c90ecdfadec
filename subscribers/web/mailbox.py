"""Pages that show the emails of the folder transport as a mail client would. Nothing in an email can run."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.templating import Jinja2Templates

NEWEST = 200
MESSAGE_LIMIT_BYTES = 10 * 2**20
_TEMPLATES = Jinja2Templates(Path(__file__).parent / "templates")
_PAGE = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# ``sandbox`` takes scripts, forms and our origin from the email; default-src forbids it to load anything.
_EMAIL = _PAGE | {"Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    name: str
    subject: str
    to: str
    date: str


def mailbox(folder: Path) -> APIRouter:
    """The pages for the emails in ``folder``: a list, each email, its HTML part and its source."""
    pages = APIRouter()

    @pages.get("/", response_class=HTMLResponse)
    def show_list(request: Request) -> Response:
        files = [file for file in folder.glob("*.eml") if file.is_file()]
        newest = heapq.nlargest(NEWEST, files, key=lambda file: (file.stat().st_mtime_ns, file.name))
        values = {"entries": [_entry(file) for file in newest], "count": len(files)}
        return _TEMPLATES.TemplateResponse(request, "messages.html", values, headers=_PAGE)

    @pages.get("/{name}/", response_class=HTMLResponse)
    def show_email(request: Request, name: str) -> Response:
        email = _email(folder, name)
        values = {
            "name": name,
            "headers": [
                (header, _header(email, header)) for header in ("Subject", "From", "To", "Date", "Message-ID")
            ],
            "text": _part(email, "text/plain"),
            "has_html": _part(email, "text/html") is not None,
        }
        return _TEMPLATES.TemplateResponse(request, "message.html", values, headers=_PAGE)

    @pages.get("/{name}/html", response_class=HTMLResponse)
    def show_html_part(name: str) -> Response:
        html = _part(_email(folder, name), "text/html")
        if html is None:
            raise HTTPException(404, "This email has no HTML part.")
        return HTMLResponse(html, headers=_EMAIL)

    @pages.get("/{name}/source")
    def download(name: str) -> Response:
        headers = _PAGE | {"Content-Disposition": "attachment; filename=message.eml"}
        return Response(_bytes(folder, name), media_type="message/rfc822", headers=headers)

    return pages


def _bytes(folder: Path, name: str) -> bytes:
    file = folder / name
    if Path(name).name != name or file.suffix != ".eml" or not file.is_file():
        raise HTTPException(404, "There is no such email.")
    if not file.resolve().is_relative_to(folder.resolve()) or file.stat().st_size > MESSAGE_LIMIT_BYTES:
        raise HTTPException(403, "This email is a link to a file outside the folder, or too large to show.")
    return file.read_bytes()


def _email(folder: Path, name: str) -> Message:
    try:
        return message_from_bytes(_bytes(folder, name))
    except RecursionError as error:
        raise HTTPException(422, "This email is nested too deeply to show; read its source.") from error


def _entry(file: Path) -> _Entry:
    with file.open("rb") as stream:
        email = message_from_bytes(stream.read(2**16).partition(b"\r\n\r\n")[0])
    return _Entry(
        name=file.name,
        subject=_header(email, "Subject"),
        to=_header(email, "To"),
        date=_header(email, "Date"),
    )


def _header(email: Message, name: str) -> str:
    raw = str(email.get(name, ""))
    try:
        return str(make_header(decode_header(raw)))
    except (MessageError, LookupError, ValueError):
        return raw  # no rule covers this header


def _part(email: Message, kind: str) -> str | None:
    for part in email.walk():
        payload = part.get_payload(decode=True) if part.get_content_type() == kind else None
        if isinstance(payload, bytes):
            try:
                return payload.decode(part.get_content_charset("utf-8"), "replace")
            except (LookupError, ValueError):  # no such encoding, or one that is not of text
                return payload.decode("utf-8", "replace")
    return None
