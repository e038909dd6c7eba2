"""The small pictures beside a file. Made in the sandbox, as WebP and without metadata."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

THUMBNAIL = "thumbnail.webp"
THUMBNAIL_EDGE = 400
PAGES = 5
PAGE_EDGE = 1200
PICTURE_EDGE = 1600

# These can be made smaller as they are; others would lose their colours, or take more memory.
_PLAIN_MODES = ("L", "RGB", "RGBA")


def preview(number: int) -> str:
    """Name of the picture of a page, counted from 1."""
    return f"preview-{number}.webp"


def save_thumbnail(picture: "Image", folder: Path) -> None:
    _save(shrunk(picture, THUMBNAIL_EDGE), folder / THUMBNAIL)


def save_preview(picture: "Image", folder: Path, number: int) -> None:
    """A page or picture that has its size already."""
    _save(picture, folder / preview(number))


def shrunk(picture: "Image", edge: int) -> "Image":
    """The picture in plain colours, at most ``edge`` pixels on its longer side."""
    from PIL.Image import Resampling

    if picture.mode not in _PLAIN_MODES:
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    if max(picture.size) <= edge:
        return picture.copy()
    scale = edge / max(picture.size)
    width, height = (max(round(length * scale), 1) for length in picture.size)
    return picture.resize((width, height), Resampling.BICUBIC, reducing_gap=2.0)


def _save(picture: "Image", path: Path) -> None:
    # What a picture brings along, where it was taken for example, goes no further.
    picture.info = {}
    picture.save(path, "WEBP", quality=80, method=2)
