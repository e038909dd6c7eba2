"""Documents nobody should send us, made on the spot."""

import io
import zipfile
import zlib
from collections.abc import Mapping

from PIL import Image

WORD_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Override PartName="/word/document.xml" ContentType="application/vnd.'
    'openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
WORD_BODY = (
    '<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/'
    'wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>Terms of</w:t></w:r><w:r><w:t> service'
    "</w:t></w:r></w:p></w:body></w:document>"
)


def docx(parts: Mapping[str, str | bytes] = {}, **changes: str) -> bytes:
    """A small document; ``parts`` are added, ``types`` and ``body`` replace what it has."""
    members = {
        "[Content_Types].xml": changes.get("types", WORD_TYPES),
        "word/document.xml": changes.get("body", WORD_BODY),
        **parts,
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def lying_docx() -> bytes:
    """Its directory says the body is one byte long."""
    raw = bytearray(docx())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = raw.rindex(signature)
        raw[start + offset : start + offset + 4] = (1).to_bytes(4, "little")
    return bytes(raw)


def pdf(*, content: bytes = b"", catalog: str = "", page: str = "", stream: str = "") -> bytes:
    """One page; the arguments are put into its parts as they are."""
    bodies = [
        f"<</Type/Catalog/Pages 2 0 R {catalog}>>".encode(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        f"/Resources<</Font<</F 5 0 R>>>>{page}>>".encode(),
        f"<</Length {len(content)} {stream}>>stream\n".encode() + content + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    return assemble(bodies)


def assemble(bodies: list[bytes]) -> bytes:
    """A PDF of these objects, the first of them the catalog."""
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(bodies) + 1, start)
    return bytes(out)


def hungry_pdf() -> bytes:
    """A few kilobytes that unpack to two gigabytes of drawing."""
    content = b"0 0 m 1 1 l S\n" * 80_000
    packed = zlib.compress(zlib.compress(content * 20, 9), 9)
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents[" + b"4 0 R " * 400 + b"]>>"
    return assemble(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            page,
            b"<</Length %d/Filter[/FlateDecode/FlateDecode]>>stream\n%b\nendstream"
            % (len(packed), packed),
        ]
    )


def looping_pdf() -> bytes:
    """Its page tree is its own child."""
    return assemble(
        [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R]/Count 9/Parent 2 0 R>>"]
    )


def picture(kind: str, size: tuple[int, int] = (1200, 800)) -> bytes:
    """One colour, as "PNG", "JPEG" or "WEBP"."""
    out = io.BytesIO()
    Image.new("RGB", size, "#1f4e79").save(out, kind)
    return out.getvalue()


def huge_png() -> bytes:
    """Says it is 50,000 by 50,000 pixels; nobody should find out."""
    raw = bytearray(picture("PNG", (1, 1)))
    header = b"IHDR" + (50_000).to_bytes(4) * 2 + raw[24:29]
    raw[12:33] = header + zlib.crc32(header).to_bytes(4)
    return bytes(raw)
