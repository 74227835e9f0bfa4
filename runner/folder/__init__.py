"""Records ↔ files: the result folder, and files that survive a crash."""
