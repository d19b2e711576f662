"""The official client, the proxy and the pair's two local models, run by llama.cpp."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import openai
import pytest
from proxy_cases import SETTINGS, serve

from pointsman.config.params import load_params
from pointsman.config.serving import ServingConfig, pack_serving

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]
ASK = [{"role": "user", "content": "What is the capital of France? Answer in one word."}]
PATIENT = {"timeouts": {"connect_s": 5, "first_token_s": 200, "total_s": 500}}


@pytest.fixture(scope="module")
def addresses():
    """What `python -m pointsman.llm.local` prints, for as long as it runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pointsman.llm.local", "--role", "both"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        yield dict(process.stdout.readline().strip().split("=", 1) for _ in range(2))
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()


@pytest.fixture(scope="module")
def client(router, addresses):
    params = load_params(ROOT / "params.yaml")
    serving = pack_serving(ServingConfig.model_validate(SETTINGS | PATIENT), params.pair, params.provider)
    with (
        serve(router, serving, environment=addresses) as (url, _),
        openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0, timeout=600) as client,
    ):
        yield client


def test_both_models_have_an_address(addresses):
    assert addresses.keys() == {"LOCAL_WEAK_BASE_URL", "LOCAL_STRONG_BASE_URL"}
    assert len(set(addresses.values())) == 2
    assert all(address.startswith("http://127.0.0.1:") for address in addresses.values())


@pytest.mark.parametrize(
    ("model", "name"), [("pointsman-1", "smollm2-135m-instruct"), ("pointsman-0", "qwen2.5-coder-0.5b-instruct")]
)
def test_each_model_answers_whole_and_token_by_token(client, model, name):
    days = [{"role": "user", "content": "Name the seven days of the week."}]  # an answer of many tokens
    asked = {"model": model, "messages": days, "max_tokens": 24, "temperature": 0}
    whole = client.chat.completions.with_raw_response.create(**asked)
    assert whole.headers["x-pointsman-model"] == name
    assert whole.headers["x-pointsman-fallback"] == "false"
    answer = whole.parse()
    assert answer.usage.completion_tokens > 0
    stream = list(client.chat.completions.create(**asked, stream=True))
    pieces = [chunk.choices[0].delta.content for chunk in stream if chunk.choices[0].delta.content]
    assert len(pieces) > 1
    assert "".join(pieces) == answer.choices[0].message.content
    assert all(chunk.usage is None for chunk in stream)


def test_the_strong_model_knows_the_capital(client):
    answer = client.chat.completions.create(model="pointsman-strong", messages=ASK, max_tokens=24, temperature=0)
    assert "Paris" in answer.choices[0].message.content
