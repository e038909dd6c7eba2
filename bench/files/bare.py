"""The peer: the libraries that the pipeline uses, called on local files in a plain loop.

It reads the same text and draws the same pictures. It guards against nothing, and what it found it
keeps to itself. As a program it shares its arguments among two processes.
"""

import sys
import zipfile
from multiprocessing import Pool
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

import pi_heif
import pypdfium2
from PIL import Image, ImageOps
from python_calamine import CalamineWorkbook

pi_heif.register_heif_opener()

THUMBNAIL, PAGE, PICTURE, PAGES = 400, 1200, 1600, 5


def read(path: Path) -> int:
    """How many characters it says."""
    with TemporaryDirectory() as folder:
        match path.suffix:
            case ".pdf":
                return _pdf(path, Path(folder))
            case ".xlsx":
                return _workbook(path)
            case ".docx" | ".pptx" | ".odt":
                return _office(path)
            case ".jpg" | ".heic":
                return _picture(path, Path(folder))
        return len(path.read_text())


def pdf_text(document: pypdfium2.PdfDocument) -> str:
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def _pdf(path: Path, folder: Path) -> int:
    document = pypdfium2.PdfDocument(path)
    text = pdf_text(document)
    for number in range(min(len(document), PAGES)):
        page = document[number]
        picture = page.render(scale=PAGE / max(page.get_size())).to_pil()
        picture.save(folder / f"{number}.webp", quality=80, method=2)
        if not number:
            picture.thumbnail((THUMBNAIL, THUMBNAIL))
            picture.save(folder / "thumbnail.webp", quality=80, method=2)
    return len(text)


def _picture(path: Path, folder: Path) -> int:
    with Image.open(path) as source:
        source.draft("RGB", (PICTURE, PICTURE))
        picture = ImageOps.exif_transpose(source)
    for edge in (PICTURE, THUMBNAIL):
        picture.thumbnail((edge, edge))
        picture.save(folder / f"{edge}.webp", quality=80, method=2)
    return 0


def _workbook(path: Path) -> int:
    with CalamineWorkbook.from_path(path) as workbook:
        sheets = [workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names]
    return sum(len(str(cell)) for sheet in sheets for row in sheet for cell in row)


def _office(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        parts = [
            name
            for name in archive.namelist()
            if name in ("word/document.xml", "content.xml") or name.startswith("ppt/slides/slide")
        ]
        return sum(
            len("".join(ET.fromstring(archive.read(name)).itertext()))  # noqa: S314
            for name in parts
        )


if __name__ == "__main__":
    with Pool(2) as pool:
        print(sum(pool.map(read, map(Path, sys.argv[1:]), chunksize=1)))
