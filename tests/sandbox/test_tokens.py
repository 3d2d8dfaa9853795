import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from sandbox.conftest import Api, FakeClock


def test_credentials_buy_a_token_that_opens_the_api(api: Api) -> None:
    answer = api.get_token()
    assert answer.status_code == 200
    assert list(answer.json()) == ["data"]
    assert list(answer.json()["data"][0]) == ["access_token"]
    assert api("GET", "/filters/product").status_code == 200


@pytest.mark.parametrize(
    ("key", "password"), [("wrong", "sandbox-password"), ("sandbox-key", "wrong"), ("", "")]
)
def test_wrong_credentials_get_the_documented_401(api: Api, key: str, password: str) -> None:
    answer = api.get_token(key, password)
    assert answer.status_code == 401
    assert answer.json() == {
        "error": {
            "msg": "Bad api_key or api_password: Credentials not valid",
            "errors": [{"field": "http_status_code", "msg": 401}],
        }
    }


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer nonsense", "Basic c2FuZGJveA=="])
def test_a_request_without_a_good_token_gets_401(api: Api, header: str | None) -> None:
    answer = api("GET", "/filters/product", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["error"]["msg"]


def test_a_token_lives_fifteen_minutes_and_not_longer(api: Api, clock: FakeClock) -> None:
    clock.now += 899
    assert api("GET", "/filters/product").status_code == 200
    clock.now += 1
    assert api("GET", "/filters/product").status_code == 401
    api.get_token()
    assert api("GET", "/filters/product").status_code == 200


def test_an_older_token_is_good_beside_a_newer_one(api: Api) -> None:
    older = api.token
    api.get_token()
    assert api.token != older
    api.token = older
    assert api("GET", "/filters/product").status_code == 200


def test_tokens_can_be_made_to_age_at_once(api: Api) -> None:
    api.sandbox.expire_tokens()
    assert api("GET", "/filters/product").status_code == 401


def test_the_token_path_takes_post_alone(api: Api) -> None:
    assert api.session.get(api.sandbox.auth_url, timeout=10).status_code == 405


def test_own_credentials_and_token_life_are_taken(api_of: Callable[..., Api], clock: FakeClock) -> None:
    api = api_of(api_key="k", api_password="p", token_life_s=5.0, clock=clock)
    assert api.token == ""
    assert api.get_token("k", "p").status_code == 200
    clock.now += 5
    assert api("GET", "/filters/product").status_code == 401


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def test_a_token_is_a_jwt_that_tells_its_account_and_its_limits(
    api_of: Callable[..., Api], clock: FakeClock
) -> None:
    api = api_of(limits=((20, 10.0), (2000, 3600.0)), clock=clock)
    api.get_token()
    claims = claims_of(api.token)
    assert claims["exp"] - claims["iat"] == 900
    assert claims["limits"] == [{"limit": 20, "window": 10.0}, {"limit": 2000, "window": 3600.0}]
    assert claims["account_id"]
    first = api.token
    api.get_token()
    assert claims_of(api.token)["account_id"] == claims["account_id"]
    assert api.token != first


def test_two_accounts_tell_two_ids(api_of: Callable[..., Api]) -> None:
    ids = set()
    for key in ("one", "two"):
        api = api_of(api_key=key)
        api.get_token(key)
        ids.add(claims_of(api.token)["account_id"])
    assert len(ids) == 2


def test_a_token_says_what_it_is_told_to_say_or_is_no_jwt(api_of: Callable[..., Api]) -> None:
    api = api_of(claims={"org": {"id": 7}})
    api.get_token()
    assert set(claims_of(api.token)) == {"iat", "exp", "jti", "org"}
    api = api_of(opaque_tokens=True)
    api.get_token()
    assert "." not in api.token
    assert api("GET", "/filters/product").status_code == 200
