"""Why a file was refused: stable codes and their sentences for people."""

_SENTENCES = {
    "active_content": "carries scripts or attached files; save it again without them.",
    "bomb_ratio": "unpacks to far more than its size suggests.",
    "corrupt_image": "is damaged and cannot be shown.",
    "corrupt_pdf": "is damaged and cannot be read as a PDF.",
    "corrupt_zip": "is damaged and cannot be opened.",
    "doctype_forbidden": "contains declarations that no office program writes.",
    "encrypted": "is locked with a password; upload it without one.",
    "file_empty": "is empty.",
    "image_too_large": "has more than 50 million pixels.",
    "macro": "contains macros; save it without them.",
    "polyglot": "is two kinds of file at once.",
    "too_complex": "takes more time or memory to open than a document may.",
    "trailing_data": "has something hidden behind the picture.",
    "type_mismatch": "is not what its name says it is.",
    "type_not_allowed": "is of a kind that is not kept here.",
    "unsafe_path": "contains parts that would unpack outside of their folder.",
}


def sentence(code: str, name: str) -> str:
    """Why the file called ``name`` was refused."""
    return f"“{name}” {_SENTENCES[code]}"
