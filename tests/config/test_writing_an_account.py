"""An account is added to a configuration: all else stays, whole or not at all, for its owner alone."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amzsync.config import API_URL, AUTH_URL, Account, load_account
from amzsync.config_writing import add_account, check_account_name, has_account
from amzsync.errors import ConfigError
from amzsync.plytix.auth import Credentials, Secret


def account(name: str = "shop", key: str = "key", password: str = "password") -> Account:
    return Account(name, API_URL, AUTH_URL, Credentials(Secret(key), Secret(password)))


def read(path: Path, alias: str | None = None) -> Account:
    return load_account(alias, config_path=path, environ={}, home=path.parent, cwd=path.parent)


def test_a_new_file_is_its_owners_alone_and_names_the_default(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "config.json"
    assert add_account(path, account())
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    found = read(path)
    assert (found.name, found.credentials, found.warnings, found.unknown_keys) == (
        "shop",
        account().credentials,
        (),
        (),
    )
    assert [*path.parent.iterdir()] == [path]


def test_an_account_is_added_and_everything_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    before = {
        "notes": ["mine", {"a": 1}],
        "accounts": {"production": {"api_key": "k", "api_password": "p", "rate_limits": ["free"]}},
        "aliases": {"prod": "production"},
    }
    path.write_text(json.dumps(before), encoding="utf-8")
    path.chmod(0o644)
    assert not add_account(path, account())
    after = json.loads(path.read_text(encoding="utf-8"))
    assert {key: after[key] for key in ("notes", "aliases")} == {
        key: before[key] for key in ("notes", "aliases")
    }
    assert after["accounts"]["production"] == {"api_key": "k", "api_password": "p", "rate_limits": ["free"]}
    assert (read(path).name, read(path, "prod").name, read(path, "shop").name) == (
        "production",
        "production",
        "shop",
    )
    assert path.stat().st_mode & 0o777 == 0o600


def test_in_place_of_an_account_only_what_is_new_changes(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    add_account(path, account())
    content = json.loads(path.read_text(encoding="utf-8"))
    content["accounts"]["shop"]["rate_limits"] = ["free"]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert has_account(path, "shop")
    assert add_account(path, account(key="another"))
    assert read(path).credentials.api_key == Secret("another")
    assert read(path).limits == (read(path, "shop").limits)
    assert [str(limit) for limit in read(path).limits or ()] == ["20/10s", "2000/1h"]


def test_an_alias_of_that_name_gives_way(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"accounts": {"a": {}}, "aliases": {"shop": "a", "b": "a"}}', encoding="utf-8")
    assert has_account(path, "shop")
    add_account(path, account())
    assert read(path, "shop").name == "shop"
    assert json.loads(path.read_text(encoding="utf-8"))["aliases"] == {"b": "a"}


def test_a_link_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    add_account(real, account("first"))
    link.symlink_to(real)
    add_account(link, account())
    assert link.is_symlink()
    assert read(real, "shop").name == "shop"


@pytest.mark.parametrize(
    "content", ["{", "[]", '"x"', '{"accounts": []}', '{"accounts": {}, "defaults": 1}', '{"aliases": []}']
)
def test_what_is_no_configuration_is_left_as_it_is(content: str, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError):
        add_account(path, account())
    assert path.read_text(encoding="utf-8") == content
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.skipif(os.name != "posix", reason="it is a folder of Linux")
def test_a_place_that_cannot_be_written_is_told_without_the_secret(tmp_path: Path) -> None:
    for path in (Path("/proc/amzsync/config.json"), tmp_path):
        with pytest.raises(ConfigError) as refused:
            add_account(path, account(password="very-secret"))
        assert "very-secret" not in str(refused.value)
    with pytest.raises(ConfigError, match="holds what no file can"):
        add_account(tmp_path / "config.json", account(password="\ud800"))
    assert [*tmp_path.iterdir()] == []


@given(st.text(max_size=70))
def test_a_name_that_is_accepted_can_be_chosen(name: str) -> None:
    try:
        checked = check_account_name(name)
    except ConfigError:
        return
    assert checked == name.strip()
    assert checked.isprintable()
    assert 0 < len(checked) <= 60


@pytest.mark.parametrize("name", ["sandbox", " environment ", "", "-x", "a\nb", "x" * 61])
def test_a_name_that_would_not_work_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        check_account_name(name)
