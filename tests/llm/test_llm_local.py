import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from llm_cases import request

from pointsman.config.compose import compose
from pointsman.config.llm import Weights
from pointsman.config.params import Params
from pointsman.llm import weights as weights_module
from pointsman.llm.client import ask
from pointsman.llm.errors import LocalModelError, ProviderError
from pointsman.llm.local import Lanes, gguf, serving, share_out
from pointsman.llm.local_cli import local_models
from pointsman.llm.weights import model_hash

CONF = Path(__file__).parents[2] / "conf" / "weights" / "default.yaml"
HOME_CACHE = Path(os.environ.get("POINTSMAN_CACHE") or Path.home() / ".cache" / "pointsman")
QUESTIONS = ["What is 34 + 77?", "Name three fruits.", "Who wrote Hamlet?", "Write a haiku about rain."]


def test_copies_share_the_threads():
    assert share_out(2, 2) == Lanes(copies=2, threads=1)
    assert share_out(8, 2) == Lanes(copies=2, threads=4)
    assert share_out(1, 4) == Lanes(copies=1, threads=1)
    assert share_out(None, 1).copies == 1


def test_a_local_model_is_one_gguf_file():
    encoder = Weights(repository=None, license="MIT", files=[{"name": "model.safetensors", "sha256": "0" * 64}])
    with pytest.raises(LocalModelError, match=r"weights\.encoder has 0 GGUF files, expected one"):
        gguf("encoder", encoder)


def test_a_file_that_is_no_model_is_named(tmp_path):
    (tmp_path / "broken.gguf").write_bytes(b"GGUF, but no more than that")
    with (
        pytest.raises(LocalModelError, match=r"llama\.cpp does not load .*broken\.gguf"),
        serving(tmp_path / "broken.gguf", Lanes(1, 1), 128),
    ):
        pass


def test_a_model_that_conf_does_not_know(asking):
    with pytest.raises(ProviderError, match="local model 'unknown' is no key of weights"):
        ask([request(provider="local", model="unknown")], asking(), what="test")


def test_a_model_of_unknown_size_has_no_cost(asking):
    small = Weights(repository=None, license="MIT", files=[{"name": "small.gguf", "sha256": "0" * 64}])
    with pytest.raises(ProviderError, match=r"weights\.small\.parameters is null"):
        ask([request(provider="local", model="small")], asking(weights={"small": small}), what="test")


def pair(name):
    params = Params.model_validate(compose(CONF.parents[1], [f"pair={name}"]))
    return params.pair, params.provider


def test_each_model_of_the_pair_has_a_variable_of_its_own():
    weak, strong = (
        {"LOCAL_WEAK_BASE_URL": "smollm2-135m-instruct"},
        {"LOCAL_STRONG_BASE_URL": "qwen2.5-coder-0.5b-instruct"},
    )
    assert local_models(*pair("local"), "both") == weak | strong
    assert local_models(*pair("local"), "weak") == weak
    assert local_models(*pair("local"), "strong") == strong


def test_a_pair_that_is_asked_elsewhere_has_nothing_to_serve():
    with pytest.raises(LocalModelError, match=r"asks strong at openrouter, expected a local model.*pair=local"):
        local_models(*pair("notebook"), "strong")


@pytest.mark.live
@pytest.mark.parametrize("model", ["smollm2-135m-instruct", "qwen2.5-coder-0.5b-instruct"])
def test_an_answer_does_not_depend_on_the_order_of_requests(asking, monkeypatch, model):
    monkeypatch.setattr(weights_module, "cache_folder", lambda: HOME_CACHE)
    named = {name: Weights.model_validate(entry) for name, entry in yaml.safe_load(CONF.read_text("utf-8")).items()}
    requests = [
        request(text, provider="local", model=model, model_hash=model_hash(model, named), top_logprobs=3)
        for text in QUESTIONS
    ]
    first = ask(requests, asking(weights=named, cache="first.sqlite"), what=model)
    again = ask(requests[::-1], asking(weights=named, cache="again.sqlite", threads=1), what=model)[::-1]
    assert all(answer.error is None and answer.completion_tokens > 0 for answer in first)
    assert [(a.response, a.first_token) for a in first] == [(a.response, a.first_token) for a in again]


@pytest.mark.live
def test_a_shared_beginning_is_read_once_and_the_order_still_does_not_matter(asking, monkeypatch):
    monkeypatch.setattr(weights_module, "cache_folder", lambda: HOME_CACHE)
    named = {name: Weights.model_validate(entry) for name, entry in yaml.safe_load(CONF.read_text("utf-8")).items()}
    model, beginning = "smollm2-135m-instruct", "Answer with one word. " * 20
    requests = [
        request(beginning + text, provider="local", model=model, model_hash=model_hash(model, named), top_logprobs=3)
        for text in QUESTIONS
    ]
    shared = [replace(one, shared_chars=len(beginning)) for one in requests]
    alone = ask(requests, asking(weights=named, cache="alone.sqlite"), what=model)
    first = ask(shared, asking(weights=named, cache="first.sqlite"), what=model)
    again = ask(shared[::-1], asking(weights=named, cache="again.sqlite"), what=model)[::-1]
    assert [(a.response, a.first_token) for a in first] == [(a.response, a.first_token) for a in again]
    assert [answer.prompt_tokens for answer in first] == [answer.prompt_tokens for answer in alone]
    assert [a.first_token[0].token for a in first] == [a.first_token[0].token for a in alone]
