"""What is believed of the API has a line each, whatever a probe has found, and whatever the ledger holds."""

import pytest

from amzsync.domain.beliefs import (
    LONGEST_LAG_S,
    AccountAnswers,
    Question,
    Verdict,
    belief_lines,
    readable_answers,
)


def _verdict(question: Question, answer: str | float) -> tuple[Verdict, str]:
    line = next(line for line in belief_lines({question: answer}) if line.key == question)
    return line.verdict, line.found


def test_every_belief_has_a_line_also_where_nothing_was_seen() -> None:
    lines = belief_lines({})
    assert {line.key for line in lines} > {question.value for question in Question}
    assert {line.verdict for line in lines} == {Verdict.NOT_SEEN}
    assert len({line.belief for line in lines}) == len(lines)


@pytest.mark.parametrize(
    ("question", "answer", "verdict", "found"),
    [
        (Question.PATCH, "replace", Verdict.HELD, "replace"),
        (Question.PATCH, "append", Verdict.OTHER, "append"),
        (Question.COUNTS, "unfiltered", Verdict.HELD, "unfiltered"),
        (Question.COUNTS, "right", Verdict.HELD, "right"),
        (Question.LINK_LAG, 0.2, Verdict.HELD, "0.2 s"),
        (Question.LINK_LAG, 4.0, Verdict.OTHER, "4.0 s"),
        (Question.ASSET_LAG, LONGEST_LAG_S, Verdict.OTHER, "not within 20 s"),
        (Question.UNREACHABLE_S, 30.0, Verdict.HELD, "30.0 s"),
    ],
)
def test_an_answer_bears_a_belief_out_or_not(
    question: Question, answer: str | float, verdict: Verdict, found: str
) -> None:
    assert _verdict(question, answer) == (verdict, found)


@pytest.mark.parametrize(
    "kept",
    [
        None,
        [],
        "patch",
        {"patch": 1},
        {"patch": ""},
        {"patch": "x" * 101},
        {"patch": "a\x1b[31m"},
        {"link-lag": "5"},
        {"link-lag": True},
        {"link-lag": -1},
        {"link-lag": float("nan")},
        {"link-lag": float("inf")},
        {"link-lag": 10**400},
        {"something": "else"},
    ],
)
def test_what_a_record_holds_by_hand_is_no_answer(kept: object) -> None:
    assert readable_answers(kept) == {}


@pytest.mark.parametrize(
    ("answers", "what"),
    [
        ({}, AccountAnswers()),
        ({Question.PATCH: "replace", Question.ORDER: "kept"}, AccountAnswers()),
        ({Question.PATCH: "append"}, AccountAnswers(writes_no_galleries=True)),
        ({Question.PATCH: "ignore"}, AccountAnswers(writes_no_galleries=True)),
        ({Question.PATCH: "refuse"}, AccountAnswers(writes_no_galleries=True)),
        ({Question.PATCH: "replace", Question.ORDER: "reversed"}, AccountAnswers(writes_no_galleries=True)),
        ({Question.GALLERY: "told", Question.EMPTY: "absent"}, AccountAnswers(tells_galleries=True)),
        ({Question.GALLERY: "told", Question.EMPTY: "null"}, AccountAnswers()),
        ({Question.GALLERY: "untold", Question.EMPTY: "absent"}, AccountAnswers()),
        ({Question.LINK_LAG: 1.0, Question.ASSET_LAG: 0.0}, AccountAnswers()),
        ({Question.LINK_LAG: 4.0, Question.ASSET_LAG: 7.0}, AccountAnswers(search_lag_s=7.0)),
    ],
)
def test_only_what_differs_from_the_beliefs_changes_how_a_run_works(
    answers: dict[Question, str | float], what: AccountAnswers
) -> None:
    assert AccountAnswers.of(readable_answers({key.value: value for key, value in answers.items()})) == what
