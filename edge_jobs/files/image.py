"""Pictures: whole, of a sane size, nothing hidden behind them. Runs inside the sandbox."""

import zipfile
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from edge_jobs.files.kinds import Kind, Rejected
from edge_jobs.files.thumbnail import MAX_EDGE, save

MAX_PIXELS = 50_000_000

_FORMATS = {Kind.PNG: "PNG", Kind.JPEG: "JPEG", Kind.WEBP: "WEBP"}


def read(source: Path, folder: Path, kind: Kind) -> dict[str, Any]:
    """Facts of a picture. Raises Rejected: trailing_data, image_too_large, corrupt_image."""
    whole = kind != Kind.PNG or _png_end(source) == source.stat().st_size
    if zipfile.is_zipfile(source) or not whole:
        raise Rejected("trailing_data")
    # Our own limit below comes before any pixel is decoded; Pillow's warning would only repeat it.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(source, formats=[_FORMATS[kind]]) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise Rejected("image_too_large")
            picture.draft("RGB", (2 * MAX_EDGE, 2 * MAX_EDGE))
            save(ImageOps.exif_transpose(picture), folder)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Rejected("corrupt_image") from error
    return {"metadata": {"width": width, "height": height}}


def _png_end(source: Path) -> int:
    """The offset just past the IEND chunk; the size of the file where there is none."""
    size = source.stat().st_size
    with source.open("rb") as file:
        position = 8
        while position + 12 <= size:
            file.seek(position)
            length, name = int.from_bytes(file.read(4)), file.read(4)
            position += length + 12
            if name == b"IEND":
                return position
    return size
