"""`amzsync doctor --probe`: asks, tries, tells, cleans up; runs use what it found."""

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from catalogue import picture
from cli.fixtures import FAST, KEY, PASSWORD, Setup, flat
from cli.terminal import Result, amzsync
from sandbox_faults import Answer, Fault, Sandbox

from amzsync.sandbox import parse_behaviour

TWO = [flat("BOOT", "a", "b"), flat("SHOE", "a", "c")]
NAMED = ("--image-url", picture("x"), "--image-url", picture("y"))


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Setup]]:
    """An account that answers in this way."""
    started: list[Sandbox] = []

    def start(words: str) -> Setup:
        sandbox = Sandbox(
            limits=(), api_key=KEY, api_password=PASSWORD, behaviour=parse_behaviour([words])
        ).start()
        started.append(sandbox)
        setup = Setup(tmp_path, sandbox)
        for name, value in setup.env.items():
            monkeypatch.setenv(name, value)
        return setup

    yield start
    for sandbox in started:
        sandbox.stop()


def probe(*more: object) -> Result:
    return amzsync("doctor", "--probe", *FAST, *more)


def standing(setup: Setup) -> tuple[set[str], int]:
    shot = setup.sandbox.snapshot()
    return set(shot.products), len(shot.assets)


def test_a_person_is_told_what_held_and_that_nothing_is_left(setup: Setup) -> None:
    ran = probe(setup.mapping(TWO), "--yes")
    assert ran.code == 0, ran.err
    assert "= A PATCH of a media gallery replaces it: replace" in " ".join(ran.out.split())
    assert "Nothing of the probe is left in Plytix." in ran.out
    assert standing(setup) == ({"BOOT", "SHOE"}, 0)


def test_json_is_the_whole_record_and_holds_no_secret(setup: Setup) -> None:
    ran = probe(setup.mapping(TWO), "--yes", "--json")
    record = ran.json
    assert (ran.code, record["complete"], record["left"]) == (0, True, [])
    assert record["answers"]["patch"] == "replace"
    verdicts = {line["key"]: line["verdict"] for line in record["beliefs"]}
    assert (verdicts["patch"], verdicts["race"]) == ("held", "not seen")
    assert "other" not in verdicts.values()
    for secret in (KEY, PASSWORD, "eyJ"):
        assert secret not in json.dumps(record)


def test_what_it_finds_of_an_account_is_used_by_the_next_apply(account: Callable[[str], Setup]) -> None:
    setup = account("patch=ignore")
    mapping = setup.mapping(TWO)
    ran = probe(mapping, "--yes", "--json")
    assert ran.code == 0, "pictures can still be linked"
    assert any("one by one" in text for text in ran.json["used"])
    before = setup.sandbox.counts["PATCH /products/{id}"]
    assert setup.apply(mapping).code == 0
    assert setup.sandbox.counts["PATCH /products/{id}"] - before == 2, "the thumbnails"


def test_nobody_is_asked_without_a_terminal(setup: Setup) -> None:
    assert probe(setup.mapping(TWO)).code == 2
    assert setup.sandbox.total == 0


def test_a_person_can_say_no(setup: Setup) -> None:
    mapping = setup.mapping(TWO)
    ran = amzsync("doctor", "--probe", mapping, *FAST, answer="n\n")
    assert (ran.code, setup.sandbox.total) == (1, 0)
    assert "remove them again" in ran.err
    assert amzsync("doctor", "--probe", mapping, *FAST, answer="y\n").code == 0


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (NAMED[:2], "two or three"),
        ((*NAMED, "--image-url", picture("z"), "--image-url", picture("w")), "two or three"),
        (("--image-url", "ftp://x/a.jpg", *NAMED[:2]), "ftp://x/a.jpg"),
        (("--fetch", "3"), "--fetch"),
        (("--all",), "--all"),
    ],
)
def test_what_cannot_be_probed_with_is_a_usage_error(
    setup: Setup, more: tuple[object, ...], told: str
) -> None:
    ran = probe("--yes", *more)
    assert (ran.code, setup.sandbox.total) == (2, 0)
    assert told in ran.err


def test_image_urls_without_a_probe_are_a_usage_error(setup: Setup) -> None:
    assert amzsync("doctor", *NAMED).code == 2
    assert setup.sandbox.total == 0


def test_without_a_mapping_the_ledgers_pictures_are_used_or_others_are_asked_for(setup: Setup) -> None:
    ran = probe("--yes")
    assert ran.code == 1
    assert "--image-url" in ran.error_text
    assert probe("--yes", *NAMED).code == 0
    amzsync("plan", setup.mapping(TWO))
    assert probe("--yes").code == 0
    assert standing(setup) == ({"BOOT", "SHOE"}, 0)


def test_what_could_not_be_removed_is_told_with_what_to_type(setup: Setup) -> None:
    setup.sandbox.faults.add(Fault("DELETE", "/products/[^/]+", Answer(423, b"{}"), times=None))
    ran = probe(setup.mapping(TWO), "--yes", "--quiet")
    assert ran.code == 3
    assert "AMZSYNC-PROBE-" in ran.err
    again = ran.err.partition("to try it again: ")[2].splitlines()[0]
    assert shlex.split(again)[:3] == ["amzsync", "doctor", "--probe"]
    setup.sandbox.faults.clear()
    assert amzsync(*shlex.split(again)[1:]).code == 0
    assert standing(setup) == ({"BOOT", "SHOE"}, 0)


@pytest.mark.parametrize(("event", "request_number"), [("after request", 6), ("before request", 14)])
def test_a_process_that_is_killed_leaves_nothing_once_the_next_probe_has_run(
    setup: Setup, event: str, request_number: int
) -> None:
    arguments = ("doctor", "--probe", setup.mapping(TWO), "--yes", *FAST)
    with setup.process(*arguments, event=event, count=request_number) as running:
        assert running.wait().was_killed
    assert standing(setup) != ({"BOOT", "SHOE"}, 0)
    ran = probe("--yes", *NAMED)
    assert ran.code == 0, ran.out
    assert standing(setup) == ({"BOOT", "SHOE"}, 0)
