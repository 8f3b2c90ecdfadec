"""PDF copies, made by WeasyPrint. It is optional, and this is the only file that imports it.

They are tagged as PDF/UA-1 asks (ISO 14289-1), so that screen readers can read them.
"""

from __future__ import annotations

import hashlib
import warnings
from base64 import b64decode, b64encode
from collections.abc import Callable, MutableMapping
from importlib.metadata import version as installed_version
from io import BytesIO
from typing import Any
from urllib.request import urlopen

from generator.errors import PolicyError
from generator.site.pdf_tags import TAGS_VERSION, correct_tags

VARIANT = "pdf/ua-1"
MOST_PIXELS = 50_000_000
"""How many pixels a picture in a PDF may have: 200 MB in memory. A page of A4 at 600 dpi has 35 million."""

SHOWN = 60
Fetch = Callable[[str], bytes | None]
"""Returns the content of a file of the site, by its absolute URL; None for any other URL."""


class NoWeasyPrintError(PolicyError):
    """mkdocs.yml asks for PDF copies, and WeasyPrint is not installed or does not work."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"pdf: WeasyPrint cannot be used ({reason}); install policysite[pdf] and Pango "
            "(apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0), "
            "or leave `pdf: true` out of mkdocs.yml"
        )


class Printer:
    """Makes PDFs, each once, because one takes a second. Raises NoWeasyPrintError.

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
        self.failed: list[str] = []
        """Warnings about pages that could not be laid out."""

    def printed(self, page: str) -> bytes:
        """The page, a complete HTML document, as a PDF."""
        digest = hashlib.sha256(page.encode("utf-8", "surrogateescape")).hexdigest()
        key = f"pdf-{VARIANT}-{TAGS_VERSION}-{installed_version('weasyprint')}-{digest}"
        kept = self._cache.get(key)
        if kept is None:
            document = self._weasyprint.HTML(string=page, url_fetcher=self._fetcher)
            made: bytes = document.write_pdf(
                pdf_identifier=digest[:32].encode(), pdf_variant=VARIANT, finisher=correct_tags
            )
            kept = self._cache[key] = b64encode(made).decode()
        return b64decode(kept)


def _fetcher(urls: Any, fetch: Fetch) -> Any:
    """The fetcher for WeasyPrint. It loads only files of the site, and data in the text itself."""

    class SiteFetcher(urls.URLFetcher):  # type: ignore[misc] # the library has no types
        def fetch(self, url: str, headers: Any = None) -> Any:
            if url.startswith("data:"):
                with urlopen(url) as answer:  # noqa: S310 - nothing is asked: the content is in the URL
                    _refuse_large(answer.read(), url[:SHOWN])
                return super().fetch(url, headers)
            content = fetch(url)
            if content is None:
                raise ValueError(f"{url} is not a file of this site")
            _refuse_large(content, url)
            return urls.URLFetcherResponse(url, content)

    return SiteFetcher()


def _refuse_large(content: bytes, url: str) -> None:
    """Raise ValueError for a picture that would need too much memory; its alternative text is printed."""
    from PIL import Image  # noqa: PLC0415 - WeasyPrint brings it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(BytesIO(content)) as picture:
                width, height = picture.size
    except Image.DecompressionBombError:
        width = height = MOST_PIXELS
    except (OSError, ValueError, SyntaxError):
        return  # no picture of points, or none that WeasyPrint could read either
    if width * height > MOST_PIXELS:
        raise ValueError(f"{url} has more than {MOST_PIXELS // 1_000_000} million pixels")
