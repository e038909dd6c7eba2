"""Why a file cannot be used: stable codes and their sentences for people."""

_SENTENCES = {
    "active_content": "carries scripts or attached files; save it again without them.",
    "bomb_ratio": "unpacks to far more than its size suggests.",
    "corrupt_image": "is damaged and cannot be shown.",
    "corrupt_message": "is damaged and cannot be read as a mail.",
    "corrupt_pdf": "is damaged and cannot be read as a PDF.",
    "corrupt_zip": "is damaged and cannot be opened.",
    "doctype_forbidden": "contains declarations that no office program writes.",
    "encrypted": "is locked with a password; upload it without one.",
    "file_empty": "is empty.",
    "hash_mismatch": "did not arrive as it was sent; upload it again.",
    "image_too_large": "has more than 50 million pixels.",
    "infected": "is infected; a virus scanner found something in it.",
    "macro": "contains macros; save it without them.",
    "object_missing": "is gone: its bytes are no longer there.",
    "polyglot": "is two kinds of file at once.",
    "scan_unavailable": "waits for the virus scanner, which does not answer.",
    "sheet_too_large": "has a sheet that is too large; split it.",
    "sheet_too_sparse": "has a sheet with a cell far away from all others; delete that cell.",
    "size_mismatch": "does not have as many bytes as were announced; upload it again.",
    "too_complex": "takes more time or memory to open than a document may.",
    "too_large_to_scan": "is larger than the virus scanner can look through.",
    "trailing_data": "has something hidden behind the picture.",
    "type_mismatch": "is not what its name says it is.",
    "type_not_allowed": "is of a kind that is not kept here.",
    "unsafe_path": "contains parts that would unpack outside of their folder.",
}


def sentence(code: str, name: str) -> str:
    """Why the file called ``name`` cannot be used."""
    return f"“{name}” {_SENTENCES[code]}"
