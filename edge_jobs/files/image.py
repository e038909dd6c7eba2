"""Pictures: whole, of a sane size, nothing hidden behind them. Runs inside the sandbox."""

import zipfile
from pathlib import Path
from typing import Any

import pi_heif
from PIL import Image, ImageOps
from PIL.ExifTags import Base

from edge_jobs.files.kinds import Kind, Rejected
from edge_jobs.files.preview import PICTURE_EDGE, save_preview, save_thumbnail, shrunk
from edge_jobs.files.text import fact

MAX_PIXELS = 50_000_000

_FORMATS = {
    Kind.PNG: "PNG",
    Kind.JPEG: "JPEG",
    Kind.WEBP: "WEBP",
    Kind.TIFF: "TIFF",
    Kind.HEIC: "HEIF",
}
# Who made it and when; never where.
_EXIF = {
    "Author": Base.Artist,
    "Copyright": Base.Copyright,
    "Creator": Base.Model,
    "CreationDate": Base.DateTime,
}
_ON_ITS_SIDE = (5, 6, 7, 8)

pi_heif.register_heif_opener(thumbnails=False)
Image.init()
# Our own limit comes before any pixel is decoded; Pillow's warning would only repeat it.
Image.MAX_IMAGE_PIXELS = None


def read(source: Path, folder: Path, kind: Kind) -> dict[str, Any]:
    """Facts of a picture. Raises Rejected: trailing_data, image_too_large, corrupt_image."""
    if zipfile.is_zipfile(source) or _end(source, kind) < source.stat().st_size:
        raise Rejected("trailing_data")
    try:
        with Image.open(source, formats=[_FORMATS[kind]]) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise Rejected("image_too_large")
            # Pixels as they are seen. Of a TIFF, Pillow tells them so by itself.
            if kind != Kind.TIFF and picture.getexif().get(Base.Orientation, 1) in _ON_ITS_SIDE:
                width, height = height, width
            facts = {"metadata": {"width": width, "height": height, **_said(picture)}}
            if kind == Kind.TIFF:
                facts["pages"] = picture.n_frames  # type: ignore[attr-defined]
                picture.seek(0)
            picture.draft("RGB", (PICTURE_EDGE, PICTURE_EDGE))
            shown = ImageOps.exif_transpose(shrunk(picture, PICTURE_EDGE))
    except (Rejected, MemoryError):
        raise
    except Exception as error:
        # Pillow raises whatever its readers stumble over: a TypeError for a page without a size.
        raise Rejected("corrupt_image") from error
    save_preview(shown, folder, 1)
    save_thumbnail(shown, folder)
    return facts


def _said(picture: Image.Image) -> dict[str, str]:
    exif = picture.getexif()
    said = {name: fact(exif.get(tag, "")) for name, tag in _EXIF.items()}
    return {name: value for name, value in said.items() if value}


def _end(source: Path, kind: Kind) -> int:
    """The offset just past the picture; the size of the file where that cannot be told."""
    size = source.stat().st_size
    with source.open("rb") as file:
        if kind == Kind.WEBP:
            length = int.from_bytes(file.read(8)[4:], "little")
            return 8 + length + length % 2
        position = 8
        while kind == Kind.PNG and position + 12 <= size:
            file.seek(position)
            length, name = int.from_bytes(file.read(4)), file.read(4)
            position += length + 12
            if name == b"IEND":
                return position
    return size
