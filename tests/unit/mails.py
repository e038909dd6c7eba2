"""Mails as files: as they are sent, and as Outlook keeps them."""

from collections.abc import Mapping
from email.message import EmailMessage

SENT = "Mon, 02 Mar 2026 09:00:00 +0100"
_SECTOR, _FREE, _END, _FAT = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def eml(*, html: bool = False, attachment: str | None = None) -> bytes:
    """A short one. With ``html`` it has no plain text."""
    mail = EmailMessage()
    mail["From"], mail["To"] = "Ada Berg <ada@helios.example>", "office@example.com"
    mail["Subject"], mail["Date"] = "Tagessätze für März", SENT
    if html:
        mail.set_content("<p>The rate is <b>950</b></p><script>no()</script>", subtype="html")
    else:
        mail.set_content("The rate is 950 from March on.")
    if attachment:
        mail.add_attachment(b"bytes", "application", "octet-stream", filename=attachment)
    return mail.as_bytes()


def msg(properties: Mapping[str, str], attachment: str | None = None) -> bytes:
    """An Outlook mail with these texts by property, such as 0037 for the subject."""
    streams = {f"__substg1.0_{id}001F": text.encode("utf-16-le") for id, text in properties.items()}
    streams["__properties_version1.0"] = bytes(32)
    inner = {"__substg1.0_3707001F": attachment.encode("utf-16-le")} if attachment else {}
    return compound(streams, {"__attach_version1.0_#00000000": inner} if inner else {})


def compound(
    streams: Mapping[str, bytes], folders: Mapping[str, Mapping[str, bytes]] = {}
) -> bytes:
    """A compound file as [MS-CFB] has it: a header, its one table of sectors, its directory."""
    sectors: list[bytes] = []
    chain: list[int] = []

    def store(content: bytes) -> int:
        first = len(chain) + 1
        # Streams below this length would belong into a file system within.
        padded = content.ljust(max(4096, -(-len(content) // _SECTOR) * _SECTOR), b"\0")
        for at in range(0, len(padded), _SECTOR):
            sectors.append(padded[at : at + _SECTOR])
            chain.append(len(chain) + 2)
        chain[-1] = _END
        return first

    entries: list[bytes] = []

    def siblings(names: list[tuple[str, int, int, int, int]]) -> int:
        """Adds a list of entries, each the right neighbour of the one before."""
        begin = len(entries)
        for n, (name, kind, child, start, size) in enumerate(names):
            right = begin + n + 1 if n + 1 < len(names) else _FREE
            entries.append(_entry(name, kind, right, child, start, size))
        return begin

    def stream(name: str, content: bytes) -> tuple[str, int, int, int, int]:
        return (name, 2, _FREE, store(content), max(4096, len(content)))

    entries.append(b"")
    below = {
        folder: siblings([stream(name, content) for name, content in inner.items()])
        for folder, inner in folders.items()
    }
    top = [stream(name, content) for name, content in streams.items()]
    top += [(folder, 1, child, 0, 0) for folder, child in below.items()]
    entries[0] = _entry("Root Entry", 5, _FREE, siblings(top), _END, 0)
    directory = store(b"".join(entries))
    table = b"".join(n.to_bytes(4, "little") for n in [_FAT, *chain])
    header = bytearray(_SECTOR)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[24:34] = bytes([0x3E, 0, 3, 0, 0xFE, 0xFF, 9, 0, 6, 0])
    numbers = {44: 1, 48: directory, 56: 4096, 60: _END, 64: 0, 68: _END, 72: 0, 76: 0}
    for place, number in numbers.items():
        header[place : place + 4] = number.to_bytes(4, "little")
    header[80:] = b"\xff" * (_SECTOR - 80)
    return bytes(header) + table.ljust(_SECTOR, b"\xff") + b"".join(sectors)


def _entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
    written = name.encode("utf-16-le") + b"\0\0"
    numbers = [_FREE, right, child]
    return (
        written.ljust(64, b"\0")
        + len(written).to_bytes(2, "little")
        + bytes([kind, 1])
        + b"".join(number.to_bytes(4, "little") for number in numbers)
        + bytes(36)
        + start.to_bytes(4, "little")
        + size.to_bytes(8, "little")
    )
