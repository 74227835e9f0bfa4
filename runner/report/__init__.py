"""The terminal view, the figures and the page: tables in, text and pictures out."""
