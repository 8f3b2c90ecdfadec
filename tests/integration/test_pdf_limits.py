"""A picture that would need too much memory is left out of a PDF."""

from __future__ import annotations

import base64
import struct
import time
import zlib
from datetime import date

import pytest
from support.policy_site import PolicySite

from generator.site.pdf import Printer


def png(side: int) -> bytes:
    """A grey square in a few bytes."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = part(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    rows = zlib.compressobj(1)
    body = b"".join(rows.compress(b"\0" * (side + 1)) for _ in range(side)) + rows.flush()
    return b"\x89PNG\r\n\x1a\n" + head + part(b"IDAT", body) + part(b"IEND", b"")


@pytest.mark.parametrize("side", [12_000, 20_000])
@pytest.mark.parametrize("inline", [True, False])
def test_a_picture_with_too_many_pixels_is_not_unpacked(side: int, inline: bool) -> None:
    picture = png(side)
    url = (
        f"data:image/png;base64,{base64.b64encode(picture).decode()}" if inline else "https://a.example/x.png"
    )
    page = f'<!doctype html><title>x</title><p><img alt="Fees" src="{url}"></p>'
    begun = time.process_time()
    assert Printer({}, fetch=lambda _: picture).printed(page).startswith(b"%PDF")
    assert time.process_time() - begun < 20


def test_a_page_that_cannot_be_laid_out_is_printed_as_source(
    site: PolicySite, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Printer.printed

    def fail_on_two(self: Printer, page: str) -> bytes:
        if "<em>Two</em>" in page:
            raise IndexError("no columns")
        return whole(self, page)

    monkeypatch.setattr(Printer, "printed", fail_on_two)
    site.config["plugins"][1]["policysite"]["pdf"] = True
    site.publish("a.md", "# A\n\n*One*.\n", on=date(2026, 1, 1))
    site.publish("a.md", "# A\n\n*Two*.\n", on=date(2026, 1, 2))
    (warning,) = site.build().warnings
    assert warning.startswith("a.md, version 2026-01-02: its PDF shows the source")
    for version in site.document("a")["versions"]:
        assert (site.folder / version["copies"]["pdf"]).read_bytes().startswith(b"%PDF")
