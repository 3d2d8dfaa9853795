import pytest

from amzsync.ledger.causes import cause

URL = "https://shop.example/p/1/my%20photo.jpg?v=2"


@pytest.mark.parametrize(
    "message",
    [
        "cannot fetch https://shop.example/p/1/my%20photo.jpg?v=2 (404)",
        "cannot fetch https%3A%2F%2Fshop.example%2Fp%2F1%2Fmy%2520photo.jpg%3Fv%3D2 (404)",
        "cannot fetch https:\\/\\/shop.example\\/p\\/1\\/my%20photo.jpg?v=2 (404)",
        "cannot fetch https://shop.example/p/1/my photo.jpg?v=2 (404)",
        "cannot fetch my%20photo.jpg (404)",
        "cannot fetch my photo.jpg (404)",
    ],
)
def test_a_message_is_its_cause_without_the_address(message: str) -> None:
    assert cause(message, URL) == "cannot fetch … (404)"


def test_a_message_that_was_cut_within_the_address_loses_what_is_left_of_it() -> None:
    assert cause("cannot fetch https://shop.example/p/1/m…", URL) == "cannot fetch …"
    assert (
        cause("cannot fetch https://other.example/p/1/m…", URL) == "cannot fetch https://other.example/p/1/m…"
    )


@pytest.mark.parametrize("url", [None, "", "x", "http://[::1", "https://shop.example/"])
def test_a_message_that_names_no_address_stays_as_it_is(url: str | None) -> None:
    assert cause("not an image, says the server…", url) == "not an image, says the server…"
