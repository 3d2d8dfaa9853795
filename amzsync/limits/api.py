"""What one request and one token of the Plytix API are good for."""

__all__ = ["MOST_AT_ONCE", "PAGE_SIZE", "TOKEN_LIFE_S", "TOKEN_MARGIN_S"]

PAGE_SIZE = 100  # (plytix-api, Products)
"""The most products or assets that one search tells."""

MOST_AT_ONCE = 1000
"""The most products and assets that are worked on at the same time."""

TOKEN_LIFE_S = 900.0  # (plytix-api, Hosts, auth, tokens)

TOKEN_MARGIN_S = 60.0
"""A token is renewed this long before its end: no request that is under way outlives it."""
