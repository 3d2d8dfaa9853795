"""`amzsync init`: ask for what a configuration needs, try it, and write it."""

import os
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from amzsync.cli.account_trial import try_account
from amzsync.cli.exits import ExitCode
from amzsync.cli.interview import agrees, ask, ask_secret
from amzsync.cli.next_steps import command
from amzsync.cli.options import MappingOptions, TargetOptions
from amzsync.cli.output import Output
from amzsync.cli.result import CommandResult, Payload
from amzsync.cli.run_options import RunOptions
from amzsync.config import API_URL, AUTH_URL, FILE_NAMES, Account, used_config
from amzsync.config_writing import add_account, check_account_name, has_account
from amzsync.errors import ConfigError
from amzsync.folders import config_folders
from amzsync.plytix.address import checked_address
from amzsync.plytix.auth import Credentials, Secret
from amzsync.views.init import InitView, init_json, render_init
from amzsync.views.next_steps import NextStep

__all__ = ["init"]

_NAME = "production"
_GALLERY = "amazon_images"
_WHEN = "with your mapping in place of FILE"
_VARIABLES = ("PLYTIX_API_KEY", "PLYTIX_API_PASSWORD")
_NOTHING = "Nothing was written."


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be written, and where."""

    account: Account
    gallery: str
    path: Path


def init(options: RunOptions, output: Output) -> CommandResult:
    """Ask, try, write; where nobody can be asked, take the options and the environment."""
    may_ask = sys.stdin.isatty() and not options.apply.is_confirmed
    for variable in _VARIABLES:
        if may_ask and os.environ.get(variable, "").strip():
            output.notice(f"{variable} is set, so it is not asked for.")
    wanted = _wanted(options, output, may_ask=may_ask)
    target = replace(options.target, account=None, config=None)
    tried = replace(options, target=target, mapping=MappingOptions(gallery=wanted.gallery))
    trial = try_account(wanted.account, tried, output, may_ask=may_ask)
    if not trial.is_let_in:
        return CommandResult(ExitCode.STOPPED, messages=(_NOTHING,))
    is_default = add_account(wanted.path, wanted.account)
    view = InitView(
        wanted.path,
        wanted.account.name,
        is_default,
        _next_steps(wanted, trial.gallery, is_default=is_default),
    )
    payload = Payload(partial(render_init, view), partial(init_json, view), is_well=trial.is_ready)
    return CommandResult(ExitCode.DONE if trial.is_ready else ExitCode.FAILURES, payload)


def _wanted(options: RunOptions, output: Output, *, may_ask: bool) -> _Wanted:
    name = options.target.account or (ask("Name of the account", _NAME) if may_ask else _NAME)
    name = check_account_name(name)
    gallery = options.mapping.gallery or (
        ask("Label of the media gallery attribute", _GALLERY) if may_ask else _GALLERY
    )
    path = _path(options, output, may_ask=may_ask)
    _check_not_there(path, name, may_ask=may_ask)
    account = Account(
        name,
        checked_address(os.environ.get("PLYTIX_API_URL", "").strip() or API_URL, "PLYTIX_API_URL"),
        checked_address(os.environ.get("PLYTIX_AUTH_URL", "").strip() or AUTH_URL, "PLYTIX_AUTH_URL"),
        Credentials(
            *(_secret(variable, may_ask=may_ask) for variable in _VARIABLES),
        ),
        source=str(path),
    )
    return _Wanted(account, gallery, path)


def _secret(variable: str, *, may_ask: bool) -> Secret:
    """From the environment where it is set there, so that nobody has to type it."""
    told = os.environ.get(variable, "").strip()
    if told:
        return Secret(told)
    what = variable.removeprefix("PLYTIX_API_").lower()
    if may_ask:
        return ask_secret(f"API {what}")
    raise ConfigError(
        f"There is no API {what}: {variable} is not set.", f"Set it, then try again. {_NOTHING}"
    )


def _path(options: RunOptions, output: Output, *, may_ask: bool) -> Path:
    if options.target.config is not None:
        return options.target.config.expanduser().absolute()
    places = (_own_path(), Path.cwd() / "config" / "plytix_config.json")
    if not may_ask:
        return places[0]
    output.notice("Where is it to be written?")
    for number, place in enumerate(places, 1):
        output.notice(f"  {number}  {place}")
    answer = ask("1, 2, or the name of a file", "1")
    if answer in ("1", "2"):
        return places[int(answer) - 1]
    return Path(answer).expanduser().absolute()


def _own_path() -> Path:
    """The file in the user's configuration folder: the one that is there, else a new one."""
    folders = list(config_folders())
    known = (folder / name for folder in folders for name in FILE_NAMES)
    return next((path for path in known if path.exists()), folders[0] / FILE_NAMES[-1])


def _check_not_there(path: Path, name: str, *, may_ask: bool) -> None:
    """Nothing that stands there is replaced without a question."""
    if not has_account(path, name):
        return
    told = f"{path} has an account {name!r} already."
    if not may_ask:
        raise ConfigError(told, f"Choose another name with --plytix-account NAME. {_NOTHING}")
    if not agrees(f"{told} Replace its key and password?"):
        raise ConfigError(f"{path} stays as it is.", "Choose another name to add an account to it.")


def _next_steps(wanted: _Wanted, gallery: str, *, is_default: bool) -> tuple[NextStep, ...]:
    """Three commands that use what was written, whatever the environment says."""
    found = used_config(environ=os.environ, home=Path.home(), cwd=Path.cwd(), folders=config_folders())
    is_environment = any(os.environ.get(variable) for variable in _VARIABLES)
    target = TargetOptions(
        account=None if is_default and not is_environment else wanted.account.name,
        config=None if found == wanted.path else wanted.path,
    )
    more = ["--gallery", gallery] if gallery != _GALLERY else []
    return tuple(
        NextStep(command(name, target, None, "FILE", *limit, *more), _WHEN)
        for name, limit in (("doctor", ()), ("plan", ("--limit", "3")), ("apply", ("--limit", "3")))
    )
