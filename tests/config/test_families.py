from pathlib import Path

import pytest

from pointsman.config.compose import compose
from pointsman.config.errors import ConfigError
from pointsman.config.families import families_of

JUDGED = ["pair=notebook", "rating=judge"]


@pytest.mark.parametrize(
    ("model", "families"),
    [
        ("meta-llama/llama-3.1-8b-instruct", {"llama"}),
        ("llama-3.1-8b-instant", {"llama"}),
        ("qwen/qwen3-coder", {"qwen"}),
        ("qwen2.5-coder-0.5b-instruct", {"qwen"}),
        ("smollm2-135m-instruct", {"smollm"}),
        ("openai/gpt-oss-120b", {"openai"}),
        ("gpt-4o-mini", {"openai"}),
        ("o3", {"openai"}),
        ("mistralai/mixtral-8x7b-instruct", {"mistral"}),
        ("mistralai/devstral-small", {"mistral"}),
        ("google/gemma-3-27b-it", {"google"}),
        ("anthropic/claude-sonnet-4.5", {"claude"}),
        ("deepseek/deepseek-r1-distill-llama-70b", {"deepseek", "llama"}),
        ("x-ai/grok-4", {"grok"}),
        ("our-lab/minerva-7b", {"minerva"}),
        ("7b", {"7b"}),
    ],
)
def test_a_name_tells_the_family(model, families):
    assert families_of(model, {}) == families


def test_conf_may_know_better():
    assert families_of("our-lab/minerva-7b", {"our-lab/minerva-7b": "llama"}) == {"llama"}


def judge(model, *more):
    candidate = f"rating.judge.candidate={{provider: groq, model: {model}}}"
    return compose_with(*JUDGED, candidate, *more)


def compose_with(*overrides):
    return compose(Path(__file__).parents[2] / "conf", list(overrides))


@pytest.mark.parametrize(
    ("model", "role", "family"),
    [
        ("llama-3.1-8b-instant", "weak model meta-llama/llama-3.1-8b-instruct", "llama"),
        ("qwen-2.5-32b", "strong model qwen/qwen3-coder", "qwen"),
        ("deepseek-r1-distill-llama-70b", "weak model", "llama"),
    ],
)
def test_a_judge_of_a_candidates_family_is_refused_with_three_ways_out(model, role, family):
    told = f"judge {model} and the {role}.* both of the family {family},.*third family.*families.*allow_same_family"
    with pytest.raises(ConfigError, match=told):
        judge(model)


def test_a_third_family_is_accepted_and_so_is_what_conf_allows():
    judge("openai/gpt-oss-120b")
    judge("llama-3.1-8b-instant", "rating.judge.allow_same_family=true")
    judge("llama-3.1-8b-instant", "+rating.judge.families={llama-3.1-8b-instant: other}")
    judge("llama-3.1-8b-instant", "rating.method=reference")


def test_conf_can_also_tell_that_a_name_hides_a_family():
    with pytest.raises(ConfigError, match="both of the family qwen"):
        judge("openai/gpt-oss-120b", "+rating.judge.families={openai/gpt-oss-120b: qwen}")


def test_the_judges_provider_must_exist():
    with pytest.raises(ConfigError, match=r"rating.judge.candidate.provider is 'nowhere', expected one of"):
        compose_with("rating.judge.candidate={provider: nowhere, model: m}")


def test_an_error_of_the_whole_does_not_print_the_whole():
    with pytest.raises(ConfigError) as caught:
        judge("llama-3.1-8b-instant")
    assert len(str(caught.value)) < 700
