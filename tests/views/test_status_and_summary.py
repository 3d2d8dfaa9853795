"""Where a ledger stands, and what a run has done: every cause, and the next command."""

import json
from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest
from views.factories import failure, groups, plain_console, run, status_view, summary

from amzsync.ledger.rows import FailureGroup, Outcome
from amzsync.limits.forecast import Forecast
from amzsync.views.next_steps import NextStep
from amzsync.views.shortfalls import Shortfalls
from amzsync.views.status import StatusView, render_status, render_status_brief, status_json
from amzsync.views.summary import Summary, render_brief, render_summary


def status_text(view: StatusView, zone: timezone = UTC) -> str:
    console, stream = plain_console(120)
    render_status(view, console, zone)
    return " ".join(stream.getvalue().split())


def summary_text(value: Summary) -> str:
    console, stream = plain_console(120)
    render_summary(value, console)
    return " ".join(stream.getvalue().split())


def test_rows_stand_by_table_and_state() -> None:
    text = status_text(status_view())

    assert "rows pending in_flight done skipped failed obsolete" in text
    assert "links 9,077 0 23 40 0 2" in text


def test_a_state_that_no_row_has_takes_no_column_unless_it_is_looked_for() -> None:
    view = status_view()
    only_done = tuple(replace(count, by_state={}) for count in view.counts)

    assert "rows pending done failed ─" in status_text(replace(view, counts=only_done))


def test_runs_tell_when_in_local_time_what_how_it_ended_how_long_and_from_what() -> None:
    text = status_text(status_view(), timezone(timedelta(hours=2)))

    assert "2025-12-23 08:00+02:00 apply failures 2 h 05 min a.json" in text
    assert "2025-12-23 08:00+02:00 apply unfinished a.json" in text


def test_a_run_whose_times_cannot_be_read_is_still_shown() -> None:
    text = status_text(status_view(runs=(run(started_at="yesterday", ended_at="2025-12-23"),)))

    assert "yesterday apply failures" in text


def test_failures_stand_by_cause_with_their_products_and_addresses() -> None:
    text = status_text(status_view())

    assert "Failures: 1,004" in text
    assert "1,003 x HTTP 422: The image cannot be fetched" in text
    assert "SKU-0 https://x.example/1.jpg (tried 2 times)" in text
    assert "1 x has no host SKU-9 https://x.example/1.jpg Request limits" in text


def test_quota_work_left_and_next_step_are_told() -> None:
    text = status_text(status_view())

    assert "50 in 10s 38 used 5,000 in 1h 1,204 used" in text
    assert "about 1 h 02 min at the account's rate limits. Next: amzsync resume" in text


def test_a_fresh_ledger_has_a_status_too() -> None:
    bare = status_view(
        account=None,
        runs=(),
        shortfalls=Shortfalls(0, ()),
        quota=(),
        forecast=Forecast(0, 0.0),
        next_steps=(),
    )
    text = status_text(bare)

    assert "no account yet" in text
    assert text.endswith("Nothing to do.")


def test_status_json_has_the_shape_of_the_contract() -> None:
    document = json.loads("".join(status_json(status_view())))

    assert document["ledger"] == "amzsync.db"
    assert document["account"] == "production at https://pim.example"
    assert document["tables"] == {
        "urls": {"done": 12, "failed": 3},
        "assets": {"done": 12, "in_flight": 1, "pending": 4_000},
        "links": {"done": 23, "pending": 9_077, "skipped": 40, "obsolete": 2},
        "thumbnails": {},
    }
    assert document["quota"] == [
        {"limit": 50, "window_s": 10.0, "used": 38},
        {"limit": 5_000, "window_s": 3_600.0, "used": 1_204},
    ]
    assert document["left"] == {"requests": 5_300, "seconds": 3_720.0}
    assert document["next"] == ["amzsync resume"]
    assert document["failures_total"] == 1_004


def test_status_json_tells_runs_with_their_options_as_values() -> None:
    first, second = json.loads("".join(status_json(status_view())))["runs"]

    assert first == {
        "id": 3,
        "command": "apply",
        "options": {"workers": 4},
        "pid": 77,
        "started_at": "2025-12-23T06:00:47Z",
        "ended_at": "2025-12-23T08:05:47Z",
        "seconds": 7_500.0,
        "outcome": "failures",
        "message": None,
        "counters": {"requests": 9},
        "mappings": [{"name": "a.json", "sha256": "ab" * 32}],
    }
    assert (second["ended_at"], second["outcome"], second["seconds"]) == (None, None, None)


def test_options_that_are_no_json_are_told_as_they_stand() -> None:
    (entry,) = json.loads("".join(status_json(status_view(runs=(run(options="--workers 4"),)))))["runs"]

    assert entry["options"] == "--workers 4"


def test_status_json_lists_every_failure_that_is_handed_in_and_the_examples_otherwise() -> None:
    all_of_them = [failure(f"SKU-{n}") for n in range(1_004)]

    handed_in = json.loads("".join(status_json(status_view(), iter(all_of_them))))["failures"]
    examples = json.loads("".join(status_json(status_view())))["failures"]

    assert [one["product_sku"] for one in handed_in] == [f"SKU-{n}" for n in range(1_004)]
    assert [one["product_sku"] for one in examples] == [*(f"SKU-{n}" for n in range(7)), "SKU-9"]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome.FINISHED, "Done: everything is in place. 155 requests in 31 s."),
        (Outcome.FAILURES, "Finished, but 1,004 rows failed and 2 products are not in Plytix. 155 requests"),
        (Outcome.INTERRUPTED, "Interrupted. All progress is saved."),
        (Outcome.WAITING, "Stopped at --max-wait; work remains."),
        (Outcome.STOPPED, "Stopped. All progress is saved."),
        (Outcome.PLANNED, "Planned. Nothing was written to Plytix."),
    ],
)
def test_a_summary_begins_with_how_the_run_ended(outcome: Outcome, words: str) -> None:
    assert words in summary_text(summary(outcome=outcome))


def test_a_summary_tells_what_was_done() -> None:
    text = summary_text(summary())

    for words in (
        "images added to Plytix 5",
        "images already in Plytix 7",
        "gallery links in place 23",
        "thumbnails in place 5",
        "of these links, on variation parents 3",
        "products skipped (--skip-existing) 6",
        "2 products not in Plytix: GONE-1, GONE-2",
        "Remaining: up to 10 requests, about 3 s at the account's rate limits.",
        "Next: amzsync status",
    ):
        assert words in text


def test_a_summary_names_every_cause_with_its_first_products() -> None:
    text = summary_text(summary())

    assert "1,003 x HTTP 422: The image cannot be fetched SKU-0, SKU-1, SKU-2, SKU-3, SKU-4, …" in text
    assert "1 x has no host SKU-9 Next" in text


def test_causes_beyond_a_screen_are_counted() -> None:
    many = tuple(FailureGroup(f"cause {n}", 422, 1, ()) for n in range(28))

    text = summary_text(summary(shortfalls=Shortfalls(28, many)))

    assert "cause 24" in text
    assert "… and 3 more causes (amzsync status --json)" in text


def test_a_long_command_is_printed_on_one_line_and_whole() -> None:
    command = "amzsync resume --ledger " + "/a-long-folder" * 30
    console, stream = plain_console(60)
    render_summary(summary(next_steps=(NextStep(command),)), console)

    assert f"Next: {command}\n" in stream.getvalue()


def test_a_command_that_something_must_precede_says_what() -> None:
    steps = (NextStep("amzsync apply --retry-failed", "once the products are in Plytix"),)

    assert "Next, once the products are in Plytix: amzsync apply --retry-failed" in summary_text(
        summary(next_steps=steps)
    )
    document = json.loads("".join(status_json(status_view(next_steps=steps))))
    assert document["next"] == []
    assert document["next_when"] == [
        {"when": "once the products are in Plytix", "command": "amzsync apply --retry-failed"}
    ]


def brief_text(value: Summary) -> str:
    console, stream = plain_console(80)
    render_brief(value, console)
    return stream.getvalue()


def test_work_that_is_left_because_that_was_asked_for_is_one_line() -> None:
    text = brief_text(summary(outcome=Outcome.WAITING, next_steps=(NextStep("amzsync resume"),)))

    assert text == (
        "Stopped at --max-wait; work remains. So far 1,004 rows failed and 2 products are not in Plytix."
        " Next: amzsync resume\n"
    )


def test_in_short_a_run_tells_its_end_its_failures_and_the_next_step_only() -> None:
    text = " ".join(brief_text(summary()).split())

    assert text.startswith("Finished, but 1,004 rows failed and 2 products are not in Plytix.")
    assert "1,003 x HTTP 422: The image cannot be fetched SKU-0" in text
    assert text.endswith("Next: amzsync status")
    assert "images added" not in text


def test_where_only_new_failures_count_only_those_are_told_in_short() -> None:
    new = Shortfalls(1, groups()[1:], ("NEW-1",), is_new=True)
    text = " ".join(brief_text(summary(new=new)).split())

    assert "Finished, but 1,004 rows failed and 2 products are not in Plytix (2 new)." in text
    assert "1 product newly not in Plytix: NEW-1 New failures: 1" in text
    assert "The image cannot be fetched" not in text
    assert "(none new)" in summary_text(summary(new=Shortfalls(0, ())))


def test_a_status_in_short_is_nothing_where_all_is_well() -> None:
    console, stream = plain_console(80)
    well = status_view(shortfalls=Shortfalls(0, ()), forecast=Forecast(0, 0.0), next_steps=())
    render_status_brief(well, console)

    assert stream.getvalue() == ""


def test_a_status_names_products_that_plytix_lacks_and_those_without_images() -> None:
    view = status_view(
        shortfalls=Shortfalls(0, (), ("GONE-1", "GONE-2")),
        without_images=("BARE-1",),
        forecast=Forecast(0, 0.0),
    )
    text = status_text(view)

    assert "2 products not in Plytix: GONE-1, GONE-2" in text
    assert "1 product without images: BARE-1" in text
    assert "Nothing left to do, but 2 products are not in Plytix." in text
    document = json.loads("".join(status_json(view)))
    assert document["products_not_found"] == ["GONE-1", "GONE-2"]
    assert document["products_without_images"] == ["BARE-1"]


def test_examples_of_one_product_are_named_once() -> None:
    same = FailureGroup("no image", 422, 2, (failure("A"), failure("A")))

    assert summary_text(summary(shortfalls=Shortfalls(3, (same, *groups()[1:])))).count("no image A 1 x") == 1


@pytest.mark.parametrize("width", [40, 60, 70, 80, 120])
def test_when_a_run_started_stands_on_one_line(width: int) -> None:
    console, stream = plain_console(width)
    mappings = (("a-catalogue-with-a-long-name.json", "ab"),)
    render_status(status_view(runs=(run(mappings=mappings, message="the network is gone"),)), console, UTC)
    assert "2025-12-23 06:00+00:00" in stream.getvalue()
