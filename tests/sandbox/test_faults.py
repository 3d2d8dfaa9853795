import socket
import threading
from collections.abc import Callable

import pytest
import requests
from sandbox.conftest import Api, FakeClock
from sandbox_faults import (
    Answer,
    Delay,
    Drip,
    DropAfterWork,
    DropBeforeWork,
    Fault,
    Faults,
    Latency,
    RunBefore,
    Transform,
    Truncate,
)

from amzsync.sandbox import Json

URL = "https://a.example/1.jpg"


def uploads(api: Api) -> int:
    return len(api.sandbox.snapshot().assets)


def test_an_answer_takes_the_place_of_the_work(api: Api) -> None:
    api.sandbox.faults.add(Fault("POST", "/assets", Answer(503, b"<html>busy</html>", {"Retry-After": "7"})))
    answer = api("POST", "/assets", {"url": URL})
    assert (answer.status_code, answer.text) == (503, "<html>busy</html>")
    assert answer.headers["Retry-After"] == "7"
    assert uploads(api) == 0


def test_a_connection_dropped_before_the_work_leaves_nothing(api: Api) -> None:
    api.sandbox.faults.add(Fault("POST", "/assets", DropBeforeWork()))
    with pytest.raises(requests.ConnectionError):
        api("POST", "/assets", {"url": URL})
    assert uploads(api) == 0
    assert api.sandbox.history[-1].status == 0


def test_a_connection_dropped_after_the_work_leaves_it_done(api: Api) -> None:
    api.sandbox.faults.add(Fault("POST", "/assets", DropAfterWork()))
    with pytest.raises(requests.ConnectionError):
        api("POST", "/assets", {"url": URL})
    assert uploads(api) == 1
    assert api("POST", "/assets", {"url": URL}).status_code == 409


def test_a_truncated_body_ends_before_its_announced_length(api: Api) -> None:
    api.sandbox.faults.add(Fault("POST", "/assets", Truncate(keep_bytes=12)))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api("POST", "/assets", {"url": URL})
    assert uploads(api) == 1


def test_a_dripping_body_arrives_whole(api: Api) -> None:
    api.sandbox.faults.add(Fault("GET", "/filters/product", Drip(chunk_bytes=50, pause_s=0.001)))
    slow, quick = api.data("GET", "/filters/product"), api.data("GET", "/filters/product")
    assert slow == quick
    assert len(api.sandbox.faults.fired) == 1


@pytest.mark.parametrize("after_work", [False, True])
def test_a_delay_comes_before_the_work_or_after_it(
    api: Api, monkeypatch: pytest.MonkeyPatch, *, after_work: bool
) -> None:
    seen = []
    monkeypatch.setattr(api.sandbox, "pause", lambda seconds: seen.append((seconds, uploads(api))))
    api.sandbox.faults.add(Fault("POST", "/assets", Delay(3.5, after_work=after_work)))
    api.upload(URL)
    assert seen == [(3.5, int(after_work))]


def test_an_answer_can_be_transformed(api: Api) -> None:
    def without_id(payload: Json) -> Json:
        return {"error": {"msg": payload["error"]["msg"]}}

    api.upload(URL)
    api.sandbox.faults.add(Fault("POST", "/assets", Transform(without_id, {"X-Plytix-Deprecation": "soon"})))
    answer = api("POST", "/assets", {"url": URL})
    assert answer.status_code == 409
    assert answer.json() == {"error": {"msg": "Asset already exists"}}
    assert answer.headers["X-Plytix-Deprecation"] == "soon"


def test_something_can_happen_just_before_the_work(api: Api, product: str) -> None:
    path = f"/products/{product}"
    api.sandbox.faults.add(Fault("PATCH", path, RunBefore(lambda: api.sandbox.delete_product("A"))))
    api.refusal("PATCH", path, {"label": "x"}, status=404)


def test_a_fault_fires_as_often_as_it_says_and_spares_the_first(api: Api) -> None:
    api.sandbox.faults.add(Fault("GET", "/filters/product", Answer(500), times=2, after=1))
    assert [api("GET", "/filters/product").status_code for _ in range(5)] == [200, 500, 500, 200, 200]
    assert [(fired.method, fired.path) for fired in api.sandbox.faults.fired] == [
        ("GET", "/filters/product")
    ] * 2


def test_a_fault_without_times_fires_until_it_is_cleared(api: Api) -> None:
    api.sandbox.faults.add(Fault("GET", "/filters/.*", Answer(500), times=None))
    assert [api("GET", "/filters/product").status_code for _ in range(4)] == [500] * 4
    api.sandbox.faults.clear()
    assert api("GET", "/filters/product").status_code == 200
    assert len(api.sandbox.faults.fired) == 4


def test_a_fault_chooses_by_method_whole_path_and_body(api: Api) -> None:
    chosen = Fault(
        "POST", "/assets", Answer(500), times=None, body=lambda body: body["url"].endswith("2.jpg")
    )
    api.sandbox.faults.add(chosen)
    assert api("POST", "/assets", {"url": URL}).status_code == 201
    assert api("POST", "/assets", {"url": "https://a.example/2.jpg"}).status_code == 500
    assert api("POST", "/assets/search", {"filters": [], "url": "2.jpg"}).status_code == 200
    assert api("GET", "/assets").status_code == 405


def test_the_token_path_can_fail_too(api_of: Callable[..., Api]) -> None:
    faults = Faults(Fault("POST", "/auth/api/get-token", Answer(502)))
    api = api_of(faults=faults)
    assert api.token == ""
    assert api.get_token().status_code == 200


def test_a_request_that_meets_a_fault_is_counted(api_of: Callable[..., Api], clock: FakeClock) -> None:
    api = api_of(limits=((2, 10.0),), clock=clock)
    api.sandbox.faults.add(Fault("GET", ".*", Answer(500)))
    assert [api("GET", "/filters/product").status_code for _ in range(2)] == [500, 429]


def test_uploads_and_other_requests_have_latencies_of_their_own(
    api_of: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    api = api_of(latency=Latency(upload_s=(2.0, 3.0), other_s=(0.5, 1.0), seed=1))
    seen: list[float] = []
    monkeypatch.setattr(api.sandbox, "pause", seen.append)
    api.upload(URL)
    api.data("GET", "/filters/product")
    assert 2.0 <= seen[0] <= 3.0
    assert 0.5 <= seen[1] <= 1.0


def test_the_same_seed_draws_the_same_latencies() -> None:
    one, other = (Latency(upload_s=(0.0, 9.0), seed=7) for _ in range(2))
    assert [one.draw(is_upload=True) for _ in range(5)] == [other.draw(is_upload=True) for _ in range(5)]


def test_two_writes_to_one_product_at_the_same_time_are_noticed(api: Api, product: str) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        go_on.wait(10)

    api.sandbox.faults.add(Fault("PATCH", "/products/.*", RunBefore(hold)))
    writer = threading.Thread(target=api, args=("PATCH", f"/products/{product}", {"label": "x"}))
    writer.start()
    assert begun.wait(10)
    with requests.Session() as session:
        headers = {"Authorization": f"Bearer {api.token}"}
        for sku, expected in (("B", 0), ("A", 1)):
            url = f"{api.sandbox.url}/products/{api.sandbox.product_id(sku)}"
            assert session.patch(url, json={}, headers=headers, timeout=10).status_code == 200
            assert session.get(url, headers=headers, timeout=10).status_code == 200
            assert api.sandbox.overlapping_writes == expected
    go_on.set()
    writer.join()


def test_writes_one_after_the_other_do_not_overlap(api: Api, product: str) -> None:
    for n in range(20):
        api.data("PATCH", f"/products/{product}", {"label": str(n)})
    assert api.sandbox.overlapping_writes == 0


def test_stopping_does_not_wait_for_a_delay(api: Api) -> None:
    api.sandbox.faults.add(Fault("GET", "/filters/product", Delay(3600)))
    port = int(api.sandbox.url.split(":")[2].split("/")[0])
    head = f"Host: localhost\r\nAuthorization: Bearer {api.token}"
    request = f"GET /api/v1/filters/product HTTP/1.1\r\n{head}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request.encode())
        while not api.sandbox.faults.fired:
            pass
        api.sandbox.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("sandbox")]
