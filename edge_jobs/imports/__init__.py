"""CSV and XLSX files that become rows of a firm."""
