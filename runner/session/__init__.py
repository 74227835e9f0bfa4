"""One run of the program: what is checked before measuring, the result folder, and resuming a study."""
