"""Reports: a firm's own figures as a table to compute with and a document to hand over."""
