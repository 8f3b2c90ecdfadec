"""The content security policy of a finished page (CSP Level 3), which names its own scripts by digest."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

INLINE = re.compile(r"<script\b(?![^>]*\bsrc=)([^>]*)>(.*?)</script>", re.DOTALL | re.IGNORECASE)
DATA = re.compile(r"""\btype=["']?application/""", re.IGNORECASE)
CHARSET = re.compile(r"""<meta charset=["']?utf-8["']?\s*/?>""", re.IGNORECASE)
SELF = "'self'"


@dataclass(frozen=True, slots=True)
class ContentSecurityPolicy:
    """The sources that the pages of a site may load from besides the site itself, by directive."""

    sources: Mapping[str, tuple[str, ...]]

    def on(self, page: str) -> str:
        """The page with its content security policy, which allows only the scripts that are in it."""
        digests = dict.fromkeys(
            _digest(found[2]) for found in INLINE.finditer(page) if not DATA.search(found[1])
        )
        own = {
            "default-src": (SELF,),
            "script-src": (SELF, *digests),
            "style-src": (
                SELF,
                "'unsafe-inline'",
            ),  # of styles only: the theme and redlines have style attributes
            "img-src": (SELF, "data:", "https:"),  # a policy may show pictures from anywhere
            "connect-src": (SELF,),
            "object-src": ("'none'",),
            "frame-src": ("'none'",),
            "base-uri": (SELF,),
            "form-action": (SELF,),
        }
        policy = "; ".join(
            " ".join((directive, *allowed, *self.sources.get(directive, ())))
            for directive, allowed in own.items()
        )
        meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        return CHARSET.sub(lambda found: found[0] + meta, page, count=1)


def hosts(urls: Iterable[str]) -> tuple[str, ...]:
    """The other hosts that these URLs name."""
    parts = (urlsplit(url) for url in urls)
    return tuple(dict.fromkeys(f"{part.scheme or 'https'}://{part.netloc}" for part in parts if part.netloc))


@lru_cache(maxsize=1024)
def _digest(script: str) -> str:
    return (
        f"'sha256-{b64encode(hashlib.sha256(script.encode('utf-8', 'xmlcharrefreplace')).digest()).decode()}'"
    )
