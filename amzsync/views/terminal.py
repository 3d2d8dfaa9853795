"""Leaving a terminal as it was, from inside a signal handler."""

import os
import sys
from contextlib import suppress

__all__ = ["leave_terminal"]

_SHOW_CURSOR = "\x1b[?25h"


def leave_terminal(last_words: str) -> None:
    """Show the cursor again, and leave the line on which something may have been drawn.

    Written past all buffers: whoever was interrupted may hold their locks.
    """
    with suppress(OSError, ValueError):
        descriptor = sys.__stderr__.fileno() if sys.__stderr__ else 2
        show = _SHOW_CURSOR if os.isatty(descriptor) else ""
        os.write(descriptor, f"{show}\n{last_words}\n".encode("utf-8", "backslashreplace"))
