import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from factories import fit_context, routers_config

from pointsman.llm.types import Answer, Logprob
from pointsman.routers import registry
from pointsman.routers.files import RouterError
from pointsman.routers.fitting import FitData
from pointsman.routers.llm.classification import classification_requests, cut, read_answers, split_template

TEMPLATE = "Choose A or B.\n---\nQuery: {query}\nLetter:\n"
CONFIG = routers_config().llm
AB = {"A": 0.0, "B": 1.0}


def answer(response="A", first_token=(), **options):
    return Answer(key="k", response=response, error=None, first_token=first_token, **options)


def tokens(**probabilities):
    return tuple(Logprob(token, math.log(p)) for token, p in probabilities.items())


def failure():
    return Answer(key="k", response=None, error="timeout")


def ask_by_words(requests):
    """Answers "B" with high probability where the query says hard."""
    return [
        answer(
            first_token=tokens(A=0.1, B=0.9) if "hard" in r.messages[1]["content"] else tokens(A=0.9, B=0.1), cost=2.0
        )
        for r in requests
    ]


def table(count=40):
    hard = np.arange(count) % 2 == 0
    texts = [f"hard query {i}" if flag else f"simple query {i}" for i, flag in enumerate(hard)]
    return pd.DataFrame({"text": texts, "gain": hard.astype(float)})


def data():
    none = np.zeros((40, 1), np.float32)
    return FitData(table(), table(), none, none)


def test_a_request_begins_with_what_all_share_and_holds_the_query_last():
    first, second = classification_requests(["one?", "two?"], CONFIG, TEMPLATE, model_hash="abc")
    assert first.messages[0] == second.messages[0] == {"role": "system", "content": "Choose A or B."}
    assert first.messages[1]["content"] == "Query: one?\nLetter:"
    assert (first.model, first.provider, first.model_hash) == ("tiny", "local", "abc")
    assert (first.max_tokens, first.top_logprobs, first.temperature) == (1, 5, 0.0)


def test_the_extra_fields_of_a_request_are_part_of_its_key():
    plain, other = (classification_requests(["q"], CONFIG, TEMPLATE, extra=e)[0] for e in (None, {"top_k": 1}))
    assert plain.key != other.key


def test_braces_in_a_query_are_left_alone():
    (request,) = classification_requests(["{query} {0} {x"], CONFIG, TEMPLATE)
    assert request.messages[1]["content"] == "Query: {query} {0} {x\nLetter:"


def test_a_long_query_loses_its_middle():
    shortened = cut("a" * 500 + "b" * 500, 100)
    assert shortened.startswith("a" * 50)
    assert shortened.endswith("b" * 50)
    assert len(shortened) < 120
    assert cut("short", 100) == "short"


@pytest.mark.parametrize("template", ["no separator {query}", "system\n---\nno placeholder"])
def test_a_template_without_its_parts_is_refused(template):
    with pytest.raises(RouterError, match=r"p\.txt: expected a system message, a line `---`"):
        split_template(template, "p.txt")


def test_the_shipped_prompt_has_both_parts_and_shows_each_label():
    system, user = split_template(Path(CONFIG.prompt).read_text("utf-8"), CONFIG.prompt)
    assert {label for label in AB if f"Letter: {label}" in system} == {"A", "B"}
    assert user == "Query: {query}\nLetter:"


def test_raw_is_the_log_odds_of_strong_among_label_tokens():
    readings = read_answers([answer(first_token=tokens(A=0.2, B=0.6, Sure=0.2))], AB)
    assert readings.raw == pytest.approx([math.log(3)])


def test_spaces_and_case_of_a_token_do_not_matter():
    (raw,) = read_answers([answer(first_token=(Logprob(" b", math.log(0.6)), Logprob("A", math.log(0.4))))], AB).raw
    assert raw == pytest.approx(math.log(1.5))


def test_a_scale_gives_its_mean():
    scale = {"1": 0.0, "2": 0.25, "3": 0.5, "4": 0.75, "5": 1.0}
    (raw,) = read_answers([answer(first_token=(Logprob("4", math.log(0.5)), Logprob("5", math.log(0.5))))], scale).raw
    assert raw == pytest.approx(math.log(0.875 / 0.125))


@pytest.mark.parametrize(("text", "sign"), [("B", 1), ("A", -1), ("Letter: B.", 1), ("**a**", -1), ("B, not A", 1)])
def test_without_log_probabilities_the_text_is_read(text, sign):
    (raw,) = read_answers([answer(text)], AB).raw
    assert math.copysign(1, raw) == sign


def test_an_answer_without_a_label_and_a_failure_are_marked():
    readings = read_answers([answer("Sure!"), failure(), answer("A", cost=0.5, latency_s=0.1)], AB)
    assert readings.failed.tolist() == [True, True, False]
    assert readings.cost.tolist() == [0.0, 0.0, 0.5]
    assert np.isnan(readings.latency_s).tolist() == [True, True, False]


def test_scores_are_calibrated_on_validation_and_cost_what_the_call_cost():
    router = registry.fit("llm", data(), fit_context(ask=ask_by_words, template=TEMPLATE))
    scored = router.scores(["a hard one", "another"])
    assert scored.score[0] > 0.9 > 0.1 > scored.score[1]
    assert scored.cost.tolist() == [2.0, 2.0]


def test_train_queries_are_never_asked_about():
    asked = []

    def ask(requests):
        asked.extend(requests)
        return ask_by_words(requests)

    registry.fit("llm", data(), fit_context(ask=ask, template=TEMPLATE))
    assert len(asked) == 40


def test_a_failed_classification_scores_as_the_average_query():
    router = registry.fit("llm", data(), fit_context(ask=ask_by_words, template=TEMPLATE))
    lossy = type(router)(
        router.config, TEMPLATE, lambda requests: [failure(), *ask_by_words(requests)[1:]],
        neutral_raw=router.neutral_raw, calibration=router.calibration,
    )  # fmt: skip
    assert lossy.scores(["lost", "hard", "plain", "plain"]).score[0] == pytest.approx(0.5, abs=0.01)


def test_too_many_failures_stop_with_the_first_reason():
    context = fit_context(ask=lambda requests: [failure() for _ in requests], template=TEMPLATE)
    with pytest.raises(RouterError, match=r"40 of 40 classifications by tiny failed, first with timeout"):
        registry.fit("llm", data(), context)


def test_a_saved_router_scores_alike(tmp_path):
    context = fit_context(ask=ask_by_words, template=TEMPLATE)
    router = registry.fit("llm", data(), context)
    router.save(tmp_path)
    assert registry.load(tmp_path, context).scores(["a hard one"]) == router.scores(["a hard one"])


def test_a_router_calibrated_for_another_model_is_refused(tmp_path):
    context = fit_context(ask=ask_by_words, template=TEMPLATE)
    registry.fit("llm", data(), context).save(tmp_path)
    (tmp_path / "router.json").write_text((tmp_path / "router.json").read_text().replace('"tiny"', '"huge"'))
    with pytest.raises(RouterError, match=r"calibrated for .*huge.* Calibrate it again with: dvc repro train@llm"):
        registry.load(tmp_path, context)


def test_nobody_to_ask_is_an_error(tmp_path):
    with pytest.raises(RouterError, match=r"FitContext\.ask"):
        registry.fit("llm", data(), fit_context())
