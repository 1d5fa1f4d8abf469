"""Pages as one PDF: each JPEG as it is, on paper of its own size, and nothing about who made it, where or when."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

_NOMINAL_DPI = 200.0
"""For a paper whose size nobody knows."""
_POINTS_AN_INCH = 72.0


def pdf_of(pages: Sequence[Path]) -> bytes:
    """PDF 1.4 (ISO 32000-1): per page one image with the filter DCTDecode, which is JPEG itself."""
    objects: list[bytes] = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    kids = []
    for file in pages:
        first = len(objects) + 1
        kids.append(f"{first} 0 R")
        objects += _page(file, first)
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode("ascii")
    return _file(objects)


def _page(file: Path, first: int) -> list[bytes]:
    """The page, what it draws, and its image; `first` is the number of the first of the three."""
    data = file.read_bytes()
    with Image.open(file) as image:
        width, height = image.size
        dpi = float(image.info.get("dpi", (_NOMINAL_DPI, _NOMINAL_DPI))[0])
    wide, high = (f"{side / dpi * _POINTS_AN_INCH:.2f}" for side in (width, height))
    draw = f"q {wide} 0 0 {high} 0 0 cm /Im Do Q".encode("ascii")
    return [
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {wide} {high}] /Contents {first + 1} 0 R "
        f"/Resources << /XObject << /Im {first + 2} 0 R >> >> >>".encode("ascii"),
        f"<< /Length {len(draw)} >>\nstream\n".encode("ascii") + draw + b"\nendstream",
        f"<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceRGB "
        f"/BitsPerComponent 8 /Filter /DCTDecode /Length {len(data)} >>\nstream\n".encode("ascii")
        + data
        + b"\nendstream",
    ]


def _file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode("ascii") + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode("ascii")
    out += b"".join(f"{place:010d} 00000 n \n".encode("ascii") for place in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode("ascii")
    return bytes(out)
