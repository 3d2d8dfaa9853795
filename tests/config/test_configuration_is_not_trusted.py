"""A configuration file is read bounded and checked; no secret and no value is ever in a message."""

import json
import logging
import os
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amzsync.config import Account, load_account
from amzsync.errors import ConfigError

POSIX = pytest.mark.skipif(os.name != "posix", reason="owners and modes of POSIX")
SECRET = "s3cr3t-pa55word"
ACCOUNT = {"api_key": "key", "api_password": SECRET}


def load(path: Path, alias: str | None = None) -> Account:
    return load_account(alias, config_path=path, environ={}, home=path.parent, cwd=path.parent)


def write(folder: Path, content: object) -> Path:
    path = folder / "config.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    path.chmod(0o600)
    return path


def one(**fields: object) -> dict[str, object]:
    return {"accounts": {"only": ACCOUNT | fields}}


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "line 1, column 1 is not JSON"),
        (b'{"accounts": {\n "a": ' + SECRET.encode() + b"}}", "line 2, column 7 is not JSON"),
        (b'{"a": "\xff' + SECRET.encode(), "not UTF-8"),
        (b"[" * 200_000, "nested too deep"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "too long"),
        (b"{}" + b" " * 1024 * 1024, "larger than 1 MiB"),
        (b"[]", "must be an object"),
        (b'"' + SECRET.encode() + b'"', "must be an object"),
        ({"accounts": [SECRET]}, "accounts must be an object"),
        ({"accounts": {"only": SECRET}}, "accounts.only must be an object"),
        ({"accounts": {}, "aliases": SECRET}, "aliases must be an object"),
        ({"accounts": {}, "aliases": {"a": [SECRET]}}, "aliases.a must be the name of an account"),
        ({"accounts": {}, "defaults": SECRET}, "defaults must be an object"),
        ({"accounts": {}, "defaults": {"account": 7}}, "defaults.account must be the name"),
        (one(api_key=None), "accounts.only.api_key must be text"),
        (one(api_key=7), "accounts.only.api_key must be text"),
        (one(api_password=[SECRET]), "accounts.only.api_password must be text"),
        (one(api_password=" "), "accounts.only.api_password must be text"),
        (one(api_url=[SECRET]), "accounts.only.api_url must be text"),
        (one(rate_limits=SECRET), "accounts.only.rate_limits must be a list"),
        (one(rate_limits=[]), "accounts.only.rate_limits must be a list"),
        (one(rate_limits=["50/10s", SECRET]), r"accounts.only.rate_limits\[1\] must be a rate limit"),
        (one(rate_limits=[50]), r"accounts.only.rate_limits\[0\] must be a rate limit"),
        (one(rate_limits=["1/" + "9" * 400]), r"accounts.only.rate_limits\[0\] must be a rate limit"),
    ],
)
def test_a_file_of_another_shape_is_refused_with_the_place_and_without_its_values(
    tmp_path: Path, content: bytes | dict[str, object], cause: str
) -> None:
    path = write(tmp_path, content)

    with pytest.raises(ConfigError, match=cause) as caught:
        load(path)

    assert str(path) in caught.value.message
    assert_untold(caught.value)


def assert_untold(error: BaseException | None) -> None:
    """No error in the chain holds the secret: not in its words, nor in what it keeps of the file."""
    while error is not None:
        assert SECRET not in repr(error)
        assert SECRET not in repr(vars(error))
        assert SECRET not in str(getattr(error, "doc", ""))
        error = error.__context__


@pytest.mark.parametrize(
    "url",
    [
        "http://pim.example/api",
        "ftp://pim.example",
        "pim.example",
        "https://",
        "https:///path",
        f"https://user:{SECRET}@pim.example/api",
        f"https://{SECRET}@pim.example",
        f"https://pim.example/?key={SECRET}",
        f"https://pim.example/#{SECRET}",
        "https://pim.example:99999",
        "https://pim.example:port",
        "https://[::1",
        "https://pim.example/a b",
        "https://pim.example/\nx",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://169.254.169.254",
    ],
)
@pytest.mark.parametrize("setting", ["api_url", "auth_url"])
def test_an_address_that_would_give_secrets_away_or_is_none_is_refused(
    tmp_path: Path, setting: str, url: str
) -> None:
    path = write(tmp_path, one(**{setting: url}))

    with pytest.raises(ConfigError, match=f"accounts.only.{setting} must be") as caught:
        load(path)

    assert_untold(caught.value)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://pim.example/api/v1/", "https://pim.example/api/v1"),
        (" https://pim.example ", "https://pim.example"),
        ("http://localhost:8080/api", "http://localhost:8080/api"),
        ("http://127.0.0.2", "http://127.0.0.2"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_a_good_address_is_kept_without_its_trailing_slash(tmp_path: Path, url: str, kept: str) -> None:
    assert load(write(tmp_path, one(api_url=url))).api_url == kept


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xef\xbb\xbf" + json.dumps(one()).encode())

    assert load(path).name == "only"


def test_another_accounts_mistake_does_not_stop_this_one(tmp_path: Path) -> None:
    content = {"accounts": {"only": ACCOUNT, "broken": 7}}

    assert load(write(tmp_path, content), "only").name == "only"


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_can_read_is_used_with_a_warning(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path, one())
    path.chmod(mode)

    (warning,) = load(path).warnings

    assert warning == f"{path} contains credentials and can be read by others: chmod 600 {path}"


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_the_owner_alone_gives_no_warning(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path, one())
    path.chmod(mode)

    assert load(path).warnings == ()


def test_no_way_of_printing_an_account_shows_its_secrets(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    account = load(write(tmp_path, one(api_key=SECRET)))

    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("%s %r", account, account)

    for shown in (repr(account), str(account), f"{account}", caplog.text):
        assert SECRET not in shown
    assert SECRET not in account.identity
    assert account.credentials.api_password.reveal() == SECRET


def test_a_traceback_of_a_broken_file_holds_no_secret(tmp_path: Path) -> None:
    path = write(tmp_path, f'{{"api_password": "{SECRET}",'.encode())

    with pytest.raises(ConfigError) as caught:
        load(path)

    assert SECRET not in "".join(traceback.format_exception(caught.value))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["accounts", "aliases", "defaults", "account", "a", "api_key", "api_url"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_gives_an_account_or_one_plain_error(
    tmp_path_factory: pytest.TempPathFactory, content: object
) -> None:
    path = write(tmp_path_factory.mktemp("any"), content)

    for alias in (None, "a"):
        found: Account | ConfigError
        try:
            found = load(path, alias)
        except ConfigError as error:
            found = error
        assert found.name if isinstance(found, Account) else found.message.endswith(".")


def implicit(folder: Path) -> Path:
    """A configuration that is used without being named."""
    (folder / "config").mkdir(mode=0o755)
    path = write(folder / "config", one())
    return path.rename(path.with_name("plytix_config.json"))


def load_implicit(folder: Path, named: Path | None = None) -> Account:
    return load_account(None, config_path=named, environ={}, home=folder, cwd=folder)


@POSIX
@pytest.mark.parametrize("what", ["file", "group", "folder"])
def test_a_configuration_that_others_can_write_is_used_only_where_it_is_named(
    tmp_path: Path, what: str
) -> None:
    path = implicit(tmp_path)
    assert load_implicit(tmp_path).warnings == ()
    match what:
        case "file":
            path.chmod(0o602)
        case "group":
            path.chmod(0o620)
        case _:
            path.parent.chmod(0o777)
    with pytest.raises(ConfigError, match="other users can write") as caught:
        load_implicit(tmp_path)
    assert f"--config {path}" in caught.value.next_step
    assert "other users can write" in load_implicit(tmp_path, path).warnings[0]


@POSIX
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_configuration_of_another_user_is_used_only_where_it_is_named(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = implicit(tmp_path)
    mine = os.geteuid()
    if mine == 0:
        os.chown(path if what == "file" else path.parent, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    with pytest.raises(ConfigError, match="another user owns it"):
        load_implicit(tmp_path)
    assert "another user owns it" in load_implicit(tmp_path, path).warnings[0]


@POSIX
def test_a_pipe_or_a_device_is_no_configuration_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(ConfigError, match="not a regular file"):
            load(path)


def test_an_account_tells_where_it_came_from_and_its_host(tmp_path: Path) -> None:
    path = write(tmp_path, one(api_url="https://pim.example/api/v1"))
    assert (load(path).source, load(path).api_host) == (str(path), "pim.example")
    environ = {"PLYTIX_API_KEY": "key", "PLYTIX_API_PASSWORD": SECRET}
    account = load_account(None, config_path=None, environ=environ, home=tmp_path, cwd=tmp_path)
    assert (account.source, account.api_host) == ("the environment", "pim.plytix.com")
