"""How much a visitor of a policy loads."""

from __future__ import annotations

from playwright.sync_api import Browser, Response

MOST_BYTES = 150_000


def test_the_page_of_a_document_loads_at_most_150_kb(browser: Browser, own_policy: str) -> None:
    page = browser.new_page()
    loaded: dict[str, int] = {}

    def note(answer: Response) -> None:
        if answer.request.resource_type != "image":
            loaded[answer.url] = int(answer.headers["content-length"])

    page.on("response", note)
    page.goto(f"{own_policy}privacy/", wait_until="networkidle")
    assert len(loaded) > 5
    assert sum(loaded.values()) <= MOST_BYTES, loaded
    page.close()
