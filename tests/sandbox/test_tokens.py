import pytest


def test_credentials_buy_a_token_that_opens_the_api(api):
    answer = api.get_token()
    assert answer.status_code == 200
    assert list(answer.json()) == ["data"]
    assert list(answer.json()["data"][0]) == ["access_token"]
    assert api("GET", "/filters/product").status_code == 200


@pytest.mark.parametrize(
    ("key", "password"), [("wrong", "sandbox-password"), ("sandbox-key", "wrong"), ("", "")]
)
def test_wrong_credentials_get_the_documented_401(api, key, password):
    answer = api.get_token(key, password)
    assert answer.status_code == 401
    assert answer.json() == {
        "error": {
            "msg": "Bad api_key or api_password: Credentials not valid",
            "errors": [{"field": "http_status_code", "msg": 401}],
        }
    }


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer nonsense", "Basic c2FuZGJveA=="])
def test_a_request_without_a_good_token_gets_401(api, header):
    answer = api("GET", "/filters/product", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["error"]["msg"]


def test_a_token_lives_fifteen_minutes_and_not_longer(api, clock):
    clock.now += 899
    assert api("GET", "/filters/product").status_code == 200
    clock.now += 1
    assert api("GET", "/filters/product").status_code == 401
    api.get_token()
    assert api("GET", "/filters/product").status_code == 200


def test_an_older_token_is_good_beside_a_newer_one(api):
    older = api.token
    api.get_token()
    assert api.token != older
    api.token = older
    assert api("GET", "/filters/product").status_code == 200


def test_tokens_can_be_made_to_age_at_once(api):
    api.sandbox.expire_tokens()
    assert api("GET", "/filters/product").status_code == 401


def test_the_token_path_takes_post_alone(api):
    assert api.session.get(api.sandbox.auth_url, timeout=10).status_code == 405


def test_own_credentials_and_token_life_are_taken(api_of, clock):
    api = api_of(api_key="k", api_password="p", token_life_s=5.0, clock=clock)
    assert api.token == ""
    assert api.get_token("k", "p").status_code == 200
    clock.now += 5
    assert api("GET", "/filters/product").status_code == 401
