"""Records ↔ files: the result folder, and files that a crash leaves whole."""
