"""The small picture beside a file."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

NAME = "thumbnail.webp"
MAX_EDGE = 400


def save(picture: "Image", folder: Path) -> None:
    """In the sandbox: ``picture`` as WebP, at most 400 px on its longer edge, without metadata."""
    small = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    small.thumbnail((MAX_EDGE, MAX_EDGE))
    small.save(folder / NAME, "WEBP", quality=80, method=4)
