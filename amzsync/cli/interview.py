"""Questions to a person at the terminal. They stand on stderr: stdout holds results alone."""

import getpass
import sys
import warnings

from amzsync.errors import ConfigError
from amzsync.plytix.auth import Secret
from amzsync.views.console import plain

__all__ = ["agrees", "ask", "ask_secret"]


_LONGEST = 1_000


def ask(question: str, default: str = "") -> str:
    """What is typed, without blanks around it, or the default. Names in the question may be anybody's.

    Raises:
        ConfigError: the input has ended.
    """
    sys.stderr.write(f"{plain(question, _LONGEST)}{f' [{default}]' if default else ''}: ")
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise ConfigError("The input ended before everything was answered.", "Nothing was written.")
    return line.strip() or default


def ask_secret(question: str) -> Secret:
    """What is typed, while nothing of it is shown.

    Raises:
        ConfigError: nothing was typed, or this terminal would show it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            typed = getpass.getpass(f"{question} (not shown): ", stream=sys.stderr).strip()
    except (getpass.GetPassWarning, EOFError):
        raise ConfigError(
            f"This terminal cannot hide what is typed, so the {question} was not asked for.",
            "Set PLYTIX_API_KEY and PLYTIX_API_PASSWORD, then try again.",
        ) from None
    if not typed:
        raise ConfigError(f"No {question} was given.", "Nothing was written.")
    return Secret(typed)


def agrees(question: str) -> bool:
    """Whether the answer is yes; no answer is none."""
    return ask(f"{question} [y/N]").lower() in ("y", "yes")
