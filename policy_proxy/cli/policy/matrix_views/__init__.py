"""The forms of a matrix: table, Markdown, CSV, JSON, and a page for a browser."""
