"""Pictures, and the small ones that are shown instead of them."""

import io
from pathlib import Path

import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from edge_jobs.files.kinds import SUFFIXES
from tests.unit import documents
from tests.unit.looking import SAMPLES, look


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16", "CMYK"])
def test_pictures(tmp_path: Path, kind: str, mode: str) -> None:
    out = io.BytesIO()
    try:
        Image.new(mode, (2400, 1600)).save(out, kind)
    except (OSError, KeyError):
        # No picture of this mode can be had in this format.
        assert (kind, mode) in IMPOSSIBLE
        return
    found = look(tmp_path, out.getvalue(), f"photo.{kind.lower()}")
    assert (found["metadata"]["width"], found["metadata"]["height"]) == (2400, 1600)
    for name, size in (("thumbnail", (400, 267)), ("preview-1", (1600, 1067))):
        with Image.open(tmp_path / "work" / f"{name}.webp") as picture:
            assert (picture.format, picture.size) == ("WEBP", size)


IMPOSSIBLE = {
    *(("PNG", mode) for mode in ("CMYK",)),
    *(("JPEG", mode) for mode in ("RGBA", "LA", "P", "I;16")),
    *(("WEBP", mode) for mode in ("I;16",)),
}


def test_heic(tmp_path: Path) -> None:
    found = look(tmp_path, (SAMPLES / "photo.heic").read_bytes(), "photo.heic")
    assert (found["mime"], found["metadata"]["width"]) == ("image/heic", 100)
    assert found["metadata"]["Creator"] == "Canon EOS 40D"
    with (
        Image.open(tmp_path / "work" / "thumbnail.webp") as shown,
        Image.open(SAMPLES / "testJPEG_EXIF.jpg") as source,
    ):
        # The same picture, as far as two lossy formats leave it.
        pairs = zip(shown.convert("L").tobytes(), source.convert("L").tobytes(), strict=True)
        assert sum(abs(a - b) for a, b in pairs) / (100 * 68) < 12


def test_a_tiff_has_pages(tmp_path: Path) -> None:
    out = io.BytesIO()
    pages = [Image.new("L", (80, 40), grey) for grey in (0, 128, 255)]
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    found = look(tmp_path, out.getvalue(), "fax.tiff")
    assert (found["page_count"], found["metadata"]["height"]) == (3, 40)


def with_place(kind: str) -> bytes:
    """Lying on its side, with the name of who took it and where."""
    exif = Image.Exif()
    exif[Base.Orientation], exif[Base.Artist] = 6, "Ada Berg"
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitudeRef] = "N"
    out = io.BytesIO()
    Image.new("RGB", (60, 30), "#1f4e79").save(out, kind, exif=exif)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_what_is_shown_stands_upright_and_says_nothing_of_where(tmp_path: Path, kind: str) -> None:
    found = look(tmp_path, with_place(kind), f"photo.{kind.lower()}")
    assert found["metadata"] == {"width": 30, "height": 60, "Author": "Ada Berg"}
    for name in ("thumbnail", "preview-1"):
        with Image.open(tmp_path / "work" / f"{name}.webp") as picture:
            assert picture.size == (30, 60)
            assert not picture.getexif()
            assert "xmp" not in picture.info


def test_a_picture_as_large_as_may_be(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    out = io.BytesIO()
    Image.new("RGBA", (7070, 7070)).save(out, "PNG", compress_level=1, exif=exif)
    assert look(tmp_path, out.getvalue(), "plan.png")["metadata"]["width"] == 7070


@pytest.mark.parametrize(
    ("raw", "name", "code"),
    [
        (documents.picture("PNG") + documents.docx(), "a.png", "trailing_data"),
        (documents.picture("JPEG") + documents.docx(), "a.jpg", "trailing_data"),
        (documents.picture("WEBP") + documents.docx(), "a.webp", "trailing_data"),
        (documents.picture("TIFF") + documents.docx(), "a.tif", "trailing_data"),
        ((SAMPLES / "photo.heic").read_bytes() + documents.docx(), "a.heic", "trailing_data"),
        (documents.picture("PNG") + b"more", "a.png", "trailing_data"),
        (documents.picture("WEBP") + b"more", "a.webp", "trailing_data"),
        (documents.picture("PNG")[:2000], "a.png", "corrupt_image"),
        (documents.picture("JPEG")[:2000], "a.jpg", "corrupt_image"),
        (documents.picture("TIFF")[:2000], "a.tiff", "corrupt_image"),
        (documents.tiff_before_nothing(), "a.tiff", "corrupt_image"),
        ((SAMPLES / "photo.heic").read_bytes()[:2000], "a.heic", "corrupt_image"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "a.png", "corrupt_image"),
        (documents.huge_png(), "a.png", "image_too_large"),
        (documents.huge_png(13_000), "a.png", "image_too_large"),
        (documents.picture("GIF"), "a.png", "type_mismatch"),
        (documents.picture("PNG"), "a.jpg", "type_mismatch"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "a.heic", "type_not_allowed"),
        (b"<svg onload='x()'/>", "a.png", "type_not_allowed"),
        (b"\xef\xbb\xbf <!-- a -->\n<svg onload='x()'/>", "a.png", "type_not_allowed"),
        (b"<?xml version='1.0'?><svg onload='x()'/>", "a.txt", "type_not_allowed"),
        ("<svg onload='x()'/>".encode("utf-16"), "a.txt", "type_not_allowed"),
    ],
)
def test_refusals(tmp_path: Path, raw: bytes, name: str, code: str) -> None:
    assert look(tmp_path, raw, name) == {"rejected": code}
    assert Path(name).suffix in SUFFIXES
