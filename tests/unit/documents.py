"""Documents nobody should send us, made on the spot."""

import io
import re
import warnings
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
    return zipped(members)


SHEET_TYPES = WORD_TYPES.replace("/word/document.xml", "/xl/workbook.xml").replace(
    "wordprocessingml.document.main", "spreadsheetml.sheet.main"
)
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    "{}</sheetData></worksheet>"
)


def xlsx(cells: str, parts: Mapping[str, str | bytes] = {}) -> bytes:
    """One sheet with these rows, as XML."""
    return zipped({**_workbook(), "xl/worksheets/sheet1.xml": SHEET.format(cells), **parts})


def talkative_xlsx() -> bytes:
    """Says as much of itself as it can, in characters that take four bytes each."""
    words = "\N{BOAR}" * 600
    workbook = _workbook(*(f"{number}{words}" for number in range(30)))
    said = "".join(
        f"<{name}>{words}</{name}>"
        for name in ("title", "subject", "creator", "created", "modified")
    )
    sheet = SHEET.format("")
    return zipped(
        {**workbook, "xl/worksheets/sheet1.xml": sheet, "docProps/core.xml": f"<x>{said}</x>"}
    )


def sheets(*found: tuple[str, str]) -> bytes:
    """A workbook of these sheets, each with what its entry says of it and its rows as XML; the part
    of one without rows is a chart."""
    members = _workbook()
    names = members["xl/workbook.xml"], members["xl/_rels/workbook.xml.rels"]
    (book, link), parts = map(str, names), range(1, len(found) + 1)
    entry, relation = re.search("<sheet .*?/>", book), re.search("<Relationship .*?/>", link)
    assert entry
    assert relation
    told, linked = "", ""
    for n, (said, rows) in zip(parts, found, strict=True):
        kind = "worksheet" if rows else "chartsheet"
        told += f'<sheet name="Sheet {n}" sheetId="{n}" {said} r:id="s{n}"/>'
        linked += (
            relation[0]
            .replace("s1", f"s{n}")
            .replace("worksheet", kind)
            .replace("sheet1.xml", f"sheet{n}.xml")
        )
        members[f"xl/{kind}s/sheet{n}.xml"] = (
            SHEET.format(rows) if rows else SHEET.replace("worksheet", kind).format("")
        )
    members["xl/workbook.xml"] = book.replace(entry[0], told)
    members["xl/_rels/workbook.xml.rels"] = link.replace(relation[0], linked)
    return zipped(members)


def _workbook(*names: str) -> dict[str, str | bytes]:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    return {
        "[Content_Types].xml": SHEET_TYPES,
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="a" '
        f'Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}"><sheets>'
        + "".join(
            f'<sheet name="{name}" sheetId="{number}" r:id="s1"/>'
            for number, name in enumerate(names or ("Hours",), 1)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="s1" '
        f'Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    }


def far_cell(place: str = "XFD1048576") -> str:
    """A row with one cell at this place of the sheet."""
    row = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return (
        f'<row r="1"><c r="A1"><v>1</v></c></row><row r="{row}"><c r="{place}"><v>1</v></c></row>'
    )


def gigabyte_sheet() -> bytes:
    """A workbook of a megabyte whose sheet has more than 1 GB."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in _workbook().items():
            archive.writestr(name, content)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            rows = b"<row><c><v>1</v></c></row>" * 400_000
            for _ in range(104):
                sheet.write(rows)
    return packed.getvalue()


def opendocument(kind: str, content: str, parts: Mapping[str, str | bytes] = {}) -> bytes:
    """An ODT, ODS or ODP, by its media type, with this inside of its body."""
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "text", "table", "presentation")
    )
    body = (
        f'<office:document-content{spaces} xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:'
        f'drawing:1.0"><office:body>{content}</office:body></office:document-content>'
    )
    return zipped({"mimetype": kind, "content.xml": body, **parts})


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def twice_docx() -> bytes:
    """Two bodies of the same name: which one counts is up to who reads it."""
    packed = io.BytesIO(docx())
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("word/document.xml", WORD_BODY)
    return packed.getvalue()


def lying_docx() -> bytes:
    """Its directory says the body is one byte long."""
    raw = bytearray(docx())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = raw.rindex(signature)
        raw[start + offset : start + offset + 4] = (1).to_bytes(4, "little")
    return bytes(raw)


def pdf(
    *,
    content: bytes = b"",
    catalog: str = "",
    page: str = "",
    stream: str = "",
    extra: bytes = b"0",
) -> bytes:
    """One page; the arguments are put into its parts as they are."""
    bodies = [
        f"<</Type/Catalog/Pages 2 0 R {catalog}>>".encode(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        f"/Resources<</Font<</F 5 0 R>>>>{page}>>".encode(),
        f"<</Length {len(content)} {stream}>>stream\n".encode() + content + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        extra,
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


def packed_pdf(action: bytes) -> bytes:
    """The page has a link with this action, in an object stream where a search sees nothing."""
    objects = [b"<</Type/Annot/Subtype/Link/Rect[0 0 99 99]/A 7 0 R>>", action]
    offsets = f"6 0 7 {len(objects[0]) + 1} ".encode()
    packed = zlib.compress(offsets + b" ".join(objects))
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Annots[6 0 R]>>",
        b"<</Type/ObjStm/N 2/First %d/Filter/FlateDecode/Length %d>>stream\n%b\nendstream"
        % (len(offsets), len(packed), packed),
    ]
    out, places = bytearray(b"%PDF-1.5\n"), [(0, 0, 65535)]
    for number, body in enumerate(bodies, 1):
        places.append((1, len(out), 0))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    places += [(1, start, 0), (2, 4, 0), (2, 4, 1)]
    table = b"".join(bytes([kind]) + at.to_bytes(4) + n.to_bytes(2) for kind, at, n in places)
    out += b"5 0 obj\n<</Type/XRef/Size 8/W[1 4 2]/Root 1 0 R/Length %d>>stream\n" % len(table)
    return bytes(out + table + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF" % start)


def long_pdf(pages: int, phrase: str) -> bytes:
    """A book, with the phrase on its last page."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * n) for n in range(pages))
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, pages),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for number in range(1, pages + 1):
        said = phrase if number == pages else f"Page {number} of the report"
        drawn = b"BT /F 12 Tf 72 700 Td (%b) Tj ET" % said.encode()
        bodies += [
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R"
            b"/Resources<</Font<</F 3 0 R>>>>>>" % (3 + 2 * number),
            b"<</Length %d>>stream\n%b\nendstream" % (len(drawn), drawn),
        ]
    return assemble(bodies)


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
    """One colour, in a format that Pillow writes."""
    out = io.BytesIO()
    Image.new("RGB", size, "#1f4e79").save(out, kind)
    return out.getvalue()


def huge_png(edge: int = 50_000) -> bytes:
    """Says it is so many pixels wide and high; nobody should find out."""
    raw = bytearray(picture("PNG", (1, 1)))
    header = b"IHDR" + edge.to_bytes(4) * 2 + raw[24:29]
    raw[12:33] = header + zlib.crc32(header).to_bytes(4)
    return bytes(raw)


def tiff_before_nothing() -> bytes:
    """The second page, which its first one announces, is none."""
    raw = bytearray(picture("TIFF", (60, 40)))
    raw[130] = 1
    return bytes(raw[:-2])
