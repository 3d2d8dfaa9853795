"""What work costs at most, number by number: requests, and the time that they take."""

import pytest

from amzsync.limits.forecast import Forecast, TakingOut, forecast, reread_size, time_for_s
from amzsync.limits.windows import PRESETS, Limit

PAID = PRESETS["paid"]


@pytest.mark.parametrize(
    ("products", "assets", "requests"),
    [
        (0, 0, 0),
        (0, 9, 0),
        (1, 0, 1 + 1 + 1 + 1),
        (50, 0, 1 + 50 + 1 + 1),
        (51, 0, 1 + 51 + 1 + 2 + 1),
        (101, 201, 2 + 3 + 201 + 101 + 1 + 3 + 1),
        (500, 500, 5 + 5 + 500 + 500 + 1 + 10 + 1),
        (500, 501, 5 + 6 + 501 + 500 + 1 + 5 + 10 + 1),
    ],
)
def test_searches_uploads_writes_the_attribute_readings_again_and_a_token_are_counted(
    products: int, assets: int, requests: int
) -> None:
    assert forecast(products=products, assets=assets, limits=()) == Forecast(requests, 0.0)


def test_where_pictures_are_uploaded_first_even_one_product_is_read_again() -> None:
    assert forecast(products=10, assets=1, limits=PAID).requests == 1 + 1 + 1 + 10 + 1 + 1 + 1


def test_single_links_without_products_cost_themselves_and_a_token() -> None:
    cost = forecast(products=0, assets=0, limits=(), single_links=7, gallery_is_known=True)
    assert cost == Forecast(8, 0.0)


def test_taking_out_asks_once_where_pictures_stand_reads_again_and_writes() -> None:
    taking_out = TakingOut(products=21, writes=5)
    cost = forecast(products=0, assets=0, limits=PAID, gallery_is_known=True, taking_out=taking_out)
    assert cost == Forecast(1 + 3 + 5 + 1, 0.0)


@pytest.mark.parametrize(
    ("links", "cost"),
    [
        (4150, Forecast(4150 + 83 + 2, 840.0)),
        (4100, Forecast(4100 + 82 + 1, 830.0)),
        (4250, Forecast(4250 + 85 + 2, 860.0)),
    ],
)
def test_long_work_needs_more_tokens_and_a_reading_more_in_each_window(links: int, cost: Forecast) -> None:
    assert forecast(products=0, assets=0, limits=PAID, single_links=links, gallery_is_known=True) == cost


def test_a_reading_more_is_counted_for_each_of_the_windows_that_allow_fewest() -> None:
    limits = (Limit(500, 1.0), Limit(50, 10.0))
    cost = forecast(products=0, assets=0, limits=limits, single_links=100, gallery_is_known=True)
    assert cost.requests == 100 + 2 + 1


def test_the_end_of_a_long_window_costs_no_reading() -> None:
    cost = forecast(products=0, assets=0, limits=PAID[1:], single_links=5000, gallery_is_known=True)
    assert cost == Forecast(5000 + 1, 3600.0)


@pytest.mark.parametrize(
    ("limits", "size"),
    [
        ((), 50),
        (PAID, 10),
        (PAID[1:], 50),
        ((Limit(24, 10.0),), 4),
        ((Limit(1, 10.0),), 1),
        ((Limit(1000, 10.0),), 50),
        ((Limit(600, 60.0), Limit(1, 61.0)), 20),
        ((Limit(100, 1.0), Limit(50, 10.0)), 10),
    ],
)
def test_as_many_products_are_read_again_as_the_tightest_short_window_can_write_in_time(
    limits: tuple[Limit, ...], size: int
) -> None:
    assert reread_size(limits) == size


@pytest.mark.parametrize(
    ("requests", "seconds"),
    [
        (0, 0.0),
        (1, 0.0),
        (50, 0.0),
        (51, 10.0),
        (100, 10.0),
        (101, 20.0),
        (5000, 990.0),
        (5001, 3600.0),
        (5050, 3600.0),
        (5051, 3610.0),
        (10_001, 7200.0),
    ],
)
def test_the_time_of_so_many_requests_is_that_of_whole_windows(requests: int, seconds: float) -> None:
    assert time_for_s(requests, PAID) == seconds
