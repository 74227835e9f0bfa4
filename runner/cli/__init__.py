"""Command line and YAML → validated grid points."""
