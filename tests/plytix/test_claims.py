"""What a token says of itself is read with bounds, and anything odd says nothing."""

import base64
import json

import pytest

from amzsync.plytix.auth import Secret
from amzsync.plytix.claims import AccountClaim, account_claim, token_claims


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def jwt(payload: object) -> Secret:
    return Secret(f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(payload)}.c2lnbmF0dXJl")


def test_the_claims_of_a_jwt_are_read_without_its_key() -> None:
    claims = {"exp": 1900, "iat": 1000, "account_id": "6f", "limits": [{"window": 10, "limit": 50}]}
    assert token_claims(jwt(claims)) == claims


@pytest.mark.parametrize("text", ["ü", "日本", "a?>~", "ab", "abc", "abcd"])
def test_every_alphabet_and_every_padding_is_read(text: str) -> None:
    assert token_claims(jwt({"name": text})) == {"name": text}
    padded = base64.urlsafe_b64encode(json.dumps({"name": text}).encode()).decode()
    assert token_claims(Secret(f"x.{padded}.y")) == {"name": text}


def nested(depth: int) -> dict[str, object]:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return {"deep": value}


UNREADABLE = [
    [1, 2],
    "text",
    None,
    b"{not json",
    bytes([0xFF, 0xFE]),
    b'{"a": NaN}',
    b'{"a": ' + b"9" * 5000 + b"}",
    b"[" * 6000,
    b'{"a":' * 1500 + b"1" + b"}" * 1500,
    nested(40),
    {"many": [0] * 5000},
    {"long": "x" * 20_000},
]


@pytest.mark.parametrize("payload", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_payload_that_is_no_small_object_says_nothing(payload: object) -> None:
    assert token_claims(jwt(payload)) == {}


@pytest.mark.parametrize(
    "token",
    ["", "..", "opaque-token", "a.b", "a.b.c", "a.!!!!.c", "a.AAAAA.c", "ü.e30.c", "a.eyJhIjoxfQ.c.d.e"],
)
def test_a_token_that_is_no_jwt_says_nothing(token: str) -> None:
    assert token_claims(Secret(token)) == {}


@pytest.mark.parametrize(
    ("claims", "name", "value"),
    [
        ({"account_id": "6f1"}, "account_id", "6f1"),
        ({"accountId": 4711, "sub": "u1"}, "accountId", "4711"),
        ({"https://plytix.example/account-id": "a"}, "https://plytix.example/account-id", "a"),
        ({"org": "shoes", "account": "a1"}, "account", "a1"),
        ({"company": {"name": "Shoes", "id": 7}}, "company.id", "7"),
        ({"identity": 3, "user_claims": {"customer_id": "c9"}}, "user_claims.customer_id", "c9"),
        ({"tenant": "t", "customer_id": "c"}, "customer_id", "c"),
        ({"account_id": "", "org_id": "o"}, "org_id", "o"),
    ],
)
def test_the_account_is_told_by_the_surest_claim(claims: dict[str, object], name: str, value: str) -> None:
    assert account_claim(claims) == AccountClaim(name, value)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"sub": "u1", "jti": "x", "user_id": 3, "api_key_id": "k", "client_id": "c", "iss": "plytix"},
        {"account_id": None},
        {"account_id": True},
        {"account_id": 1.5},
        {"account_id": ["a"]},
        {"account_id": "a" * 200},
        {"account_id": "a\nb"},
        {"account_id": 10**40},
        {"account": {"name": "Shoes"}},
    ],
)
def test_what_belongs_to_a_user_a_key_or_a_token_is_no_account(claims: dict[str, object]) -> None:
    assert account_claim(claims) is None
