"""Samples and task records → tables and what may be claimed from them. Imports pandas."""
