"""Mapping files: a bounded, streaming read of their bytes, and the forms in which they name pictures."""
