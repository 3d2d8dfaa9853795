"""The table of imports is in `test_imports.py`."""
