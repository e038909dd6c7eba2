"""Everything a firm has here, as ZIP files for its owner."""
