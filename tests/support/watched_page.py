"""A browser's page that notes its errors and its requests to other hosts; tests may answer those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, FloatRect, Locator, Page, Request, Route

VIOLATIONS = """addEventListener("securitypolicyviolation",
  ({violatedDirective, blockedURI}) => console.error(`refused: ${violatedDirective} ${blockedURI}`))"""
REFUSED_STORAGE = """for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, {get() { throw new DOMException("refused", "SecurityError") }})"""


@dataclass
class Watched:
    """``asked`` are the URLs that were requested from other hosts."""

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@contextmanager
def watched(
    browser: Browser,
    root: str,
    *,
    scripts: Mapping[str, str] | None = None,
    init: str = "",
    **options: Any,
) -> Iterator[Watched]:
    """A page of its own. ``scripts`` are what other hosts answer; ``init`` runs before each page.

    With ``scripts``, even none, the browser caches nothing: it never does while a test answers requests.
    """
    context = browser.new_context(**options)
    context.add_init_script(VIOLATIONS)
    if init:
        context.add_init_script(init)
    seen = Watched(context.new_page())

    def note(request: Request) -> None:
        if not request.url.startswith((root, "data:", "blob:")):
            seen.asked.append(request.url)

    def answer(route: Route) -> None:
        script = (scripts or {}).get(urlsplit(route.request.url).netloc, "")
        route.fulfill(
            body=script, content_type="text/javascript", headers={"Access-Control-Allow-Origin": "*"}
        )

    context.on("request", note)
    if scripts is not None:
        context.route(lambda url: not url.startswith((root, "data:", "blob:")), answer)
    seen.page.on(
        "console",
        lambda said: seen.complaints.append(said.text) if said.type in ("error", "warning") else None,
    )
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    seen.page.on(
        "response",
        lambda answer: (
            seen.complaints.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
        ),
    )
    yield seen
    context.close()


def box_of(element: Locator) -> FloatRect:
    """The element's box, in pixels of the window; it must be visible."""
    box = element.bounding_box()
    assert box, "it is not visible"
    return box
