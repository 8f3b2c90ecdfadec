"""Copies for paper, made by WeasyPrint, which is only needed for this: the only file that imports it."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, MutableMapping
from importlib.metadata import version as installed_version
from typing import Any

from generator.errors import PolicyError

Fetch = Callable[[str], bytes | None]
"""The bytes of a file of the site, by its absolute address; None for any other."""


class NoWeasyPrintError(PolicyError):
    """A site with PDF copies is asked for, and nothing is there to make them."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"pdf: WeasyPrint cannot be used ({reason}); install policysite[pdf] and Pango "
            "(apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0), "
            "or leave `pdf: true` out of mkdocs.yml"
        )


class Printer:
    """Prints pages, each once, since that takes a second; raises NoWeasyPrintError.

    Nothing is loaded from elsewhere, and the same page gives the same bytes.
    """

    def __init__(self, cache: MutableMapping[str, str], *, fetch: Fetch) -> None:
        try:
            import weasyprint.urls  # noqa: PLC0415 - it is optional, and slow to load
        except (ImportError, OSError) as error:
            raise NoWeasyPrintError(str(error).splitlines()[0]) from error
        self._weasyprint: Any = weasyprint
        self._cache = cache
        self._fetcher = _fetcher(weasyprint.urls, fetch)

    def printed(self, page: str) -> bytes:
        """The page, a whole HTML document, as a PDF."""
        digest = hashlib.sha256(page.encode("utf-8", "surrogateescape")).hexdigest()
        key = f"pdf-{installed_version('weasyprint')}-{digest}"
        kept = self._cache.get(key)
        if kept is None:
            document = self._weasyprint.HTML(string=page, url_fetcher=self._fetcher)
            made: bytes = document.write_pdf(pdf_identifier=digest[:32].encode())
            kept = self._cache[key] = b64encode(made).decode()
        return b64decode(kept)


def _fetcher(urls: Any, fetch: Fetch) -> Any:
    """What WeasyPrint loads with: nothing but files of the site, and what stands in the text itself."""

    class SiteFetcher(urls.URLFetcher):  # type: ignore[misc] # the library has no types
        def fetch(self, url: str, headers: Any = None) -> Any:
            if url.startswith("data:"):
                return super().fetch(url, headers)
            content = fetch(url)
            if content is None:
                raise ValueError(f"{url} is not of this site")
            return urls.URLFetcherResponse(url, content)

    return SiteFetcher()
