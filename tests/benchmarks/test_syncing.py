"""What syncing costs: requests against the floor, the limit's use, calls per second, and the plain way."""

import itertools
import json
import queue
import sqlite3
import threading
import time
from contextlib import closing
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

import pytest
import requests
from benchmarks.catalogues import write_catalogue
from benchmarks.measuring import amzsync, tell, took
from benchmarks.plain_way import PlainSync
from benchmarks.serving import Served, served

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1200)]

_PRODUCTS, _IMAGES, _UNIQUE = 1_000, 9, 5_000
_UNLIMITED = ("--rate-limit", "1000000/1s")


def _apply(folder: Path, server: Served, *words: str) -> dict[str, Any]:
    ran = took(
        amzsync("apply", "-q", "--yes", "--mapping", "m.json", "--output", "r.json", *words),
        folder,
        server.environment,
    )
    assert ran.code == 0, (folder / "output.txt").read_text()
    report: dict[str, Any] = json.loads((folder / "r.json").read_text())
    return report | {"peak_mb": ran.peak_mb}


def _forget(folder: Path) -> None:
    for path in folder.glob("amzsync.db*"):
        path.unlink()


def _names(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "amzsync.db")) as ledger:
        return [row[0] for row in ledger.execute("SELECT filename FROM assets ORDER BY id")]


def _floor(products: int, unknown: int, new: int, differing: int) -> int:
    return ceil(products / 100) + ceil(unknown / 100) + new + differing + 1


def test_requests_stay_near_the_floor(tmp_path: Path) -> None:
    skus = write_catalogue(tmp_path / "m.json", products=_PRODUCTS, images=_IMAGES, unique=_UNIQUE)
    first_floor = _floor(_PRODUCTS, _UNIQUE, _UNIQUE, _PRODUCTS)
    with served(skus) as server:
        report = _apply(tmp_path, server, *_UNLIMITED)
        assert report["links_created"] == _PRODUCTS * _IMAGES
        tell("first sync / floor", f"{report['requests'] / first_floor:.4f}", "1.05")
        assert report["requests"] <= 1.05 * first_floor
        names = _names(tmp_path)

        again = _apply(tmp_path, server, *_UNLIMITED)
        tell("again with the same ledger, requests", str(again["requests"]), "0")
        assert again["requests"] == 0

        mapping = json.loads((tmp_path / "m.json").read_text())
        for number, entry in enumerate(mapping["matched"][::10]):
            link = f"https://m.media-amazon.com/images/I/changed{number:04d}.jpg"
            entry["amazon_images"][4]["link"] = link
        (tmp_path / "m.json").write_text(json.dumps(mapping))
        changed = _apply(tmp_path, server, *_UNLIMITED)
        changed_floor = _floor(100, 100, 100, 100)
        tell("10 % of the products changed / floor", f"{changed['requests'] / changed_floor:.4f}", "1.05")
        assert changed["requests"] <= 1.05 * changed_floor

        _forget(tmp_path)
        lost = _apply(tmp_path, server, *_UNLIMITED)
        lost_floor = _floor(_PRODUCTS, lost["unique_images"], 0, 0)
        tell("ledger lost, account in sync / floor", f"{lost['requests'] / lost_floor:.4f}", "1.05")
        assert lost["requests_by_kind"].get("product_write", 0) == 0

    _forget(tmp_path)
    write_catalogue(tmp_path / "m.json", products=_PRODUCTS, images=_IMAGES, unique=_UNIQUE)
    with served(skus, filenames=tuple(itertools.islice(names, 0, None, 2))) as server:
        half = _apply(tmp_path, server, *_UNLIMITED)
        half_floor = _floor(_PRODUCTS, _UNIQUE, _UNIQUE - half["images_skipped"], _PRODUCTS)
        tell("half of the assets there / floor", f"{half['requests'] / half_floor:.4f}", "1.05")
        assert half["images_skipped"] == _UNIQUE / 2
        assert half["requests"] <= 1.05 * half_floor


def test_the_limit_is_used_and_never_passed(tmp_path: Path) -> None:
    skus = write_catalogue(tmp_path / "m.json", products=1_600, images=_IMAGES, unique=8_000)
    with served(skus, limits=((100, 1.0),), upload_s=(0.3, 2.0), other_s=(0.05, 0.3)) as server:
        plan = took(amzsync("plan", "--mapping", "m.json", "--json", "--rate-limit", "100/1s"), tmp_path)
        assert plan.code == 0
        told_s = json.loads((tmp_path / "output.txt").read_text())["seconds"]
        _apply(tmp_path, server, "--rate-limit", "100/1s")
        seen = server.seen()
    span_s = seen["arrivals"][-1] - seen["arrivals"][0]
    tell("share of 100/1s used, uploads of 0.3 to 2 s", f"{len(seen['arrivals']) / span_s / 100:.1%}", "97 %")
    tell("refused with 429", str(seen["refused"]), "0")
    tell("time told by the plan / real time", f"{told_s / span_s:.2f}", "0.9 to 1.1")
    tell("writes of one product that overlapped", str(seen["overlapping_writes"]), "0")
    assert seen["overlapping_writes"] == 0
    assert 0.9 < told_s / span_s < 1.1


def test_a_lower_real_limit_costs_few_refusals(tmp_path: Path) -> None:
    skus = write_catalogue(tmp_path / "m.json", products=300, images=_IMAGES, unique=1_500)
    with served(skus, limits=((80, 1.0),), upload_s=(0.3, 2.0), other_s=(0.05, 0.3)) as server:
        _apply(tmp_path, server, "--rate-limit", "100/1s")
        seen = server.seen()
    arrivals = seen["arrivals"]
    steady = [at for at in arrivals if arrivals[0] + 6 <= at < arrivals[0] + 18]
    tell("server allows 80/1s, configured 100/1s: refused", str(seen["refused"]), "30")
    tell("share of the real limit used from then on", f"{len(steady) / 12 / 80:.1%}", "95 %")


def test_calls_per_second_against_a_bare_loop(tmp_path: Path) -> None:
    threads = 8
    skus = write_catalogue(tmp_path / "m.json", products=500, images=_IMAGES, unique=2_500)
    with served(["X"]) as server:
        bare = _bare_loop(server, threads, 3_000)
    with served(skus) as server:
        report = _apply(tmp_path, server, *_UNLIMITED, "--workers", str(threads))
        arrivals = server.seen()["arrivals"]
    ours = len(arrivals) / (arrivals[-1] - arrivals[0])
    tell(f"calls per second on {threads} threads / bare loop with requests", f"{ours / bare:.2f}", "0.5")
    _forget(tmp_path)
    skus = write_catalogue(tmp_path / "m.json", products=2_500, images=_IMAGES, unique=12_500)
    with served(skus) as server:
        longer = _apply(tmp_path, server, *_UNLIMITED, "--workers", str(threads))
    tell("largest memory of a run five times as long", f"{longer['peak_mb'] / report['peak_mb']:.2f}", "1")


def _bare_loop(server: Served, threads: int, calls: int) -> float:
    answer = requests.post(
        server.auth_url, json={"api_key": "sandbox-key", "api_password": "sandbox-password"}, timeout=10
    )
    token = answer.json()["data"][0]["access_token"]
    left: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(calls):
        left.put(number)

    def work() -> None:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {token}"
            while not left.empty():
                number = left.get()
                url = f"https://m.media-amazon.com/images/I/{number}.jpg"
                session.post(
                    f"{server.url}/assets", json={"url": url, "filename": f"{number}.jpg"}, timeout=10
                ).json()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return calls / (time.perf_counter() - started)


def test_against_the_plain_way(tmp_path: Path) -> None:
    skus = write_catalogue(tmp_path / "m.json", products=40, images=_IMAGES, unique=200)
    serve = partial(served, skus, limits=((50, 1.0),), upload_s=(0.03, 0.2), other_s=(0.005, 0.03))
    with serve() as server:
        started = time.perf_counter()
        plain = PlainSync(server.url, server.auth_url)
        plain.run(tmp_path / "m.json")
        plain_s = time.perf_counter() - started
    with serve() as server:
        started = time.perf_counter()
        report = _apply(tmp_path, server, "--rate-limit", "50/1s")
        ours_s = time.perf_counter() - started
    tell("requests of the plain way / ours", f"{plain.requests / report['requests']:.1f}", "more is better")
    tell("time of the plain way / ours", f"{plain_s / ours_s:.1f}", "more is better")
    assert plain.requests > report["requests"]
