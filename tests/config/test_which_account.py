"""Which account a command works with: named, from the environment, or the configuration's default."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from amzsync.config import SANDBOX, Account, load_account
from amzsync.errors import ConfigError
from amzsync.limits.windows import Limit
from amzsync.plytix.auth import Credentials, Secret

KEYS = {"PLYTIX_API_KEY": "env-key", "PLYTIX_API_PASSWORD": "env-word"}


def account(name: str, **fields: object) -> dict[str, object]:
    return {"api_key": f"{name}-key", "api_password": f"{name}-word"} | fields


def config(**changes: object) -> dict[str, object]:
    return {
        "accounts": {"production": account("production"), "staging": account("staging")},
        "defaults": {"account": "production"},
        "aliases": {"prod": "production", "p": "prod"},
    } | changes


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for folder in ("home", "cwd"):
        (tmp_path / folder).mkdir()
    return tmp_path


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    path.chmod(0o600)
    return path


def load(
    place: Path,
    alias: str | None = None,
    *,
    config_path: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Account:
    return load_account(
        alias,
        config_path=config_path,
        environ=environ or {},
        home=place / "home",
        cwd=place / "cwd",
        folders=[place / "home" / ".config" / "amzsync"],
    )


def test_the_sandbox_needs_no_configuration_and_survives_a_broken_one(place: Path) -> None:
    (place / "cwd" / "config").mkdir()
    (place / "cwd" / "config" / "plytix_config.json").write_text("{")

    sandbox = load(place, SANDBOX)

    assert sandbox.is_sandbox
    assert sandbox.identity == "sandbox"
    assert sandbox.limits is None


def test_the_sandbox_keeps_its_identity_on_another_port(place: Path) -> None:
    up = replace(
        load(place, SANDBOX),
        api_url="http://127.0.0.1:4242/api/v1",
        auth_url="http://127.0.0.1:4242/auth",
        credentials=Credentials(Secret("a"), Secret("b")),
    )

    assert up.identity == "sandbox"
    assert up.credentials.api_key.reveal() == "a"


def test_the_environment_wins_where_no_account_is_named(place: Path) -> None:
    path = write(place / "cwd" / "config" / "plytix_config.json", config())

    found = load(place, environ=KEYS)

    assert path.is_file()
    assert found.name == "environment"
    assert found.credentials == Credentials(Secret("env-key"), Secret("env-word"))
    assert found.api_url == "https://pim.plytix.com/api/v1"
    assert found.auth_url == "https://auth.plytix.com/auth/api/get-token"
    assert found.identity == "environment at https://pim.plytix.com/api/v1"
    assert found.warnings == ()


def test_a_configuration_that_the_environment_outdoes_is_said(place: Path) -> None:
    path = write(place / "mine.json", config())

    (warning,) = load(place, environ=KEYS, config_path=path).warnings

    assert "was not read" in warning
    assert "--plytix-account" in warning


def test_the_environment_can_name_its_own_addresses(place: Path) -> None:
    urls = {"PLYTIX_API_URL": "https://pim.example/api/", "PLYTIX_AUTH_URL": "http://localhost:9/token"}

    found = load(place, environ=KEYS | urls)

    assert found.api_url == "https://pim.example/api"
    assert found.auth_url == "http://localhost:9/token"


def test_the_environments_account_can_be_named(place: Path) -> None:
    assert load(place, "environment", environ=KEYS).name == "environment"


@pytest.mark.parametrize("missing", sorted(KEYS))
@pytest.mark.parametrize("emptied", [True, False], ids=["empty", "unset"])
def test_one_variable_alone_is_refused_and_the_missing_one_named(
    place: Path, missing: str, *, emptied: bool
) -> None:
    environ = {name: value for name, value in KEYS.items() if name != missing}

    with pytest.raises(ConfigError, match=f"{missing} is not") as caught:
        load(place, environ=environ | ({missing: " "} if emptied else {}))

    assert "env-" not in str(caught.value)


def test_a_named_account_is_the_configurations_even_beside_an_environment(place: Path) -> None:
    write(place / "cwd" / "config" / "plytix_config.json", config())

    assert load(place, "staging", environ=KEYS).credentials.api_key == Secret("staging-key")


@pytest.mark.parametrize("alias", ["production", "prod", "p"])
def test_aliases_lead_to_accounts(place: Path, alias: str) -> None:
    path = write(place / "mine.json", config())

    assert load(place, alias, config_path=path).name == "production"


def test_an_alias_may_be_called_like_its_account_and_may_lead_to_the_sandbox(place: Path) -> None:
    path = write(place / "mine.json", config(aliases={"staging": "staging", "try": "sandbox"}))

    assert load(place, "staging", config_path=path).name == "staging"
    assert load(place, "try", config_path=path).is_sandbox


@pytest.mark.parametrize("alias", ["a", "b"])
def test_an_alias_that_leads_to_itself_is_refused(place: Path, alias: str) -> None:
    path = write(place / "mine.json", config(aliases={"a": "b", "b": "a"}))

    with pytest.raises(ConfigError, match=f"aliases.{alias} points to itself"):
        load(place, alias, config_path=path)


def test_an_unknown_account_is_refused_with_the_known_ones(place: Path) -> None:
    path = write(place / "mine.json", config())

    with pytest.raises(ConfigError, match="p, prod, production, sandbox, staging") as caught:
        load(place, "live", config_path=path)

    assert "no account 'live'" in caught.value.message


def test_an_alias_to_nowhere_is_refused_by_its_own_name(place: Path) -> None:
    path = write(place / "mine.json", config(aliases={"prod": "secret-by-mistake"}))

    with pytest.raises(ConfigError, match=r"aliases\.prod points to an account that does not") as caught:
        load(place, "prod", config_path=path)

    assert "secret-by-mistake" not in str(caught.value)


def test_an_unknown_account_without_a_configuration_is_refused(place: Path) -> None:
    with pytest.raises(ConfigError, match="'live' is not known: there is no configuration file"):
        load(place, "live", environ=KEYS)


def test_without_a_name_the_default_is_taken_and_a_default_may_be_an_alias(place: Path) -> None:
    assert load(place, config_path=write(place / "a.json", config())).name == "production"
    by_alias = write(place / "b.json", config(defaults={"account": "p"}))
    assert load(place, config_path=by_alias).name == "production"


def test_without_a_default_the_only_account_is_taken(place: Path) -> None:
    path = write(place / "a.json", {"accounts": {"one": account("one")}})

    assert load(place, config_path=path).name == "one"


def test_without_a_default_among_several_the_names_are_told(place: Path) -> None:
    path = write(place / "a.json", config(defaults={}))

    with pytest.raises(ConfigError, match="--plytix-account: p, prod, production, sandbox, staging"):
        load(place, config_path=path)


def test_with_nothing_configured_both_ways_and_the_sandbox_are_named(place: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(place)

    for words in ("PLYTIX_API_KEY", "PLYTIX_API_PASSWORD", "--config", "--plytix-account sandbox"):
        assert words in str(caught.value)


def test_the_configured_limits_are_read_and_none_are_made_up(place: Path) -> None:
    accounts = {"a": account("a", rate_limits=["50/10s", "5000/1h"]), "b": account("b")}
    path = write(place / "a.json", {"accounts": accounts})

    assert load(place, "a", config_path=path).limits == (Limit(50, 10.0), Limit(5_000, 3_600.0))
    assert load(place, "b", config_path=path).limits is None


ORDER = [
    "named.json",
    "variable.json",
    "cwd/config/plytix_config.json",
    "home/.config/amzsync/config.json",
    "home/.config/amzsync/plytix_config.json",
]


@pytest.mark.parametrize("first", range(len(ORDER)))
def test_the_first_configuration_in_order_is_taken(place: Path, first: int) -> None:
    for name in ORDER[first:]:
        write(place / name, {"accounts": {name: account("x")}})
    environ = {"AMZSYNC_CONFIG": str(place / ORDER[1])} if first <= 1 else {}

    found = load(place, environ=environ or {}, config_path=place / ORDER[0] if first == 0 else None)

    assert found.name == ORDER[first]


def test_a_relative_path_starts_at_the_current_folder_and_a_tilde_at_home(place: Path) -> None:
    write(place / "cwd" / "a.json", {"accounts": {"in-cwd": account("x")}})
    write(place / "home" / "b.json", {"accounts": {"in-home": account("x")}})

    assert load(place, config_path=Path("a.json")).name == "in-cwd"
    assert load(place, environ={"AMZSYNC_CONFIG": "~/b.json"}).name == "in-home"


@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_named_configuration_that_is_not_there_is_refused_not_passed_over(place: Path, by: str) -> None:
    write(place / "cwd" / "config" / "plytix_config.json", config())
    missing = place / "missing.json"
    environ = {} if by == "option" else {"AMZSYNC_CONFIG": str(missing)}

    with pytest.raises(ConfigError, match=r"missing\.json cannot be read"):
        load(place, config_path=missing if by == "option" else None, environ=environ)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"acounts": {}, "accounts": None}, "has the unknown key 'acounts'. Did you mean accounts?"),
        (
            {"defaults": {"acount": "production"}},
            "defaults has the unknown key 'acount'. Did you mean account",
        ),
    ],
)
def test_a_typo_in_a_key_is_named_with_the_key_that_was_meant(
    place: Path, changes: dict[str, object], words: str
) -> None:
    content = {key: value for key, value in config(**changes).items() if value is not None}
    write(place / "cwd" / "config" / "plytix_config.json", content)
    with pytest.raises(ConfigError) as raised:
        load(place)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"rate_limit": ["1/1h"]},
            "accounts.only has the unknown key 'rate_limit'. Did you mean rate_limits?",
        ),
        (
            {"api_pasword": "word", "api_password": ...},
            "the unknown key 'api_pasword'. Did you mean api_password",
        ),
        (
            {"secret": "word", "api_password": ...},
            "accounts.only has no api_password, but the unknown 'secret'.",
        ),
        ({"hunter2 is my password": "x", "api_password": ...}, "accounts.only has no api_password. Add it"),
    ],
)
def test_an_account_names_its_unknown_keys_but_nothing_that_may_be_a_secret(
    place: Path, fields: dict[str, object], words: str
) -> None:
    only = {key: value for key, value in account("only", **fields).items() if value is not ...}
    write(place / "cwd" / "config" / "plytix_config.json", {"accounts": {"only": only}})
    with pytest.raises(ConfigError) as raised:
        load(place)
    assert words in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_keys_of_other_programs_are_left_alone(place: Path) -> None:
    only = account("only", description="ours", region="EU")
    write(place / "cwd" / "config" / "plytix_config.json", {"accounts": {"only": only}, "comment": "x"})
    assert load(place).name == "only"


def test_a_mistyped_account_offers_the_one_that_was_meant(place: Path) -> None:
    with pytest.raises(ConfigError, match=r"no configuration file\. Did you mean sandbox\?"):
        load(place, "sandbx")
    write(place / "cwd" / "config" / "plytix_config.json", config())
    for typed, meant in (("sandbx", "sandbox"), ("prodution", "production"), ("stagin", "staging")):
        with pytest.raises(ConfigError, match=rf"has no account '{typed}'\. Did you mean {meant}\?"):
            load(place, typed)
    with pytest.raises(ConfigError) as raised:
        load(place, "elsewhere")
    assert "Did you mean" not in str(raised.value)
