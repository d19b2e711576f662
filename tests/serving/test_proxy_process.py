"""`bentoml serve` with the proxy, as an operator starts it and the official client uses it."""

import asyncio
import contextlib
import json
import signal
import subprocess
import time

import httpx
import openai
import psutil
import pytest
from factories import tiny_packaged_router
from proxy_cases import KEY, serving_json
from test_serve_process import ROOT, SERVE, environment, free_port, wait_until_ready

from pointsman.queries.sources.file import generate

pytestmark = pytest.mark.slow
ASK = [{"role": "user", "content": "what is the capital"}]
KEYS = ("first-key-of-ours", "second-key-of-ours")
WEAK, STRONG = "pointsman-1", "pointsman-0"


@pytest.fixture(scope="module")
def log_path(tmp_path_factory):
    return tmp_path_factory.mktemp("decisions") / "decisions.jsonl"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, models, log_path):
    """A packaged router with the two models' addresses in its serving.json."""
    log = {"path": str(log_path), "text": True, "max_mb": 1, "files": 1}
    timeouts = {"connect_s": 2, "first_token_s": 15, "total_s": 60}
    serving = serving_json(models[0].url, models[1].url, decision_log=log, timeouts=timeouts)
    return tiny_packaged_router(tmp_path_factory.mktemp("proxied") / "router", serving=serving)


@pytest.fixture(scope="module")
def served(bentoml_home, folder):
    port = free_port()
    settings = {"POINTSMAN_API_KEYS": ",".join(KEYS), "CUSTOM_API_KEY": KEY}
    process = subprocess.Popen(
        [*SERVE, "--port", str(port)], cwd=ROOT, env=environment(folder) | settings, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        wait_until_ready(process, port)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        family = [*psutil.Process(process.pid).children(recursive=True), process] if process.poll() is None else []
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait(timeout=20)


@pytest.fixture
def client(served, weak, strong):
    with openai.OpenAI(base_url=f"{served[1]}/v1", api_key=KEYS[0], max_retries=0) as client:
        yield client


@pytest.mark.parametrize("key", KEYS)
def test_the_official_client_gets_answers_with_either_key(served, weak, strong, key):
    with openai.OpenAI(base_url=f"{served[1]}/v1", api_key=key, max_retries=0) as client:
        assert client.chat.completions.create(model=WEAK, messages=ASK).choices[0].message.content == "I am small"
        stream = client.chat.completions.create(model=STRONG, messages=ASK, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "I am large"


def test_tokens_come_one_by_one(client, weak):
    weak.behaviour = "stepwise"
    words = []
    for chunk in client.chat.completions.create(model=WEAK, messages=ASK, stream=True):
        if chunk.choices[0].delta.content:
            words.append(chunk.choices[0].delta.content)
            weak.seen.release()
    assert words == ["I", " am", " ", "small"]


@pytest.mark.parametrize("path", ["/metrics", "/schema.json", "/docs", "/openapi.json", "/", "/v1/models", "/predict"])
def test_bentomls_own_pages_need_a_key_too(served, path):
    answer = httpx.get(f"{served[1]}{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/health"])
def test_probes_need_none(served, path):
    assert httpx.get(f"{served[1]}{path}").status_code == 200


def test_requests_are_counted_for_prometheus(client, served):
    client.chat.completions.create(model=WEAK, messages=ASK)
    page = httpx.get(f"{served[1]}/metrics", headers={"authorization": f"Bearer {KEYS[0]}"}).text
    assert 'pointsman_proxy_requests_total{arm="routed",route="weak",status="200"}' in page
    assert 'pointsman_proxy_saved_usd{arm="routed"}' in page
    assert KEY not in page


@pytest.mark.parametrize("behaviour", ["hang", "silence_mid_stream"])
def test_when_the_client_goes_the_model_is_told(served, weak, strong, behaviour):
    weak.behaviour = behaviour
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{served[1]}/v1/chat/completions", json={"model": WEAK, "messages": ASK, "stream": True},
            headers={"authorization": f"Bearer {KEYS[0]}"}, timeout=httpx.Timeout(20, read=1.0),
        )  # fmt: skip
    assert weak.closed_early.wait(10)
    assert strong.requests == []


def test_a_burst_of_streams_loses_none(served, weak, strong):
    async def burst():
        async with openai.AsyncOpenAI(base_url=f"{served[1]}/v1", api_key=KEYS[1], max_retries=0) as client:
            return await asyncio.gather(*(one(client, [WEAK, STRONG][number % 2]) for number in range(60)))

    async def one(client, model):
        stream = await client.chat.completions.create(model=model, messages=ASK, stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert asyncio.run(burst()) == ["I am small", "I am large"] * 30


def test_sigterm_lets_a_stream_end_and_leaves_a_log_that_is_a_file_of_queries(client, served, log_path, weak):
    process, weak.behaviour = served[0], "stepwise"
    last = [{"role": "user", "content": "the last question"}]
    words = []
    for chunk in client.chat.completions.create(model=WEAK, messages=last, stream=True):
        if not words:
            process.send_signal(signal.SIGTERM)
            time.sleep(1)
        words.append(chunk.choices[0].delta.content or "")
        weak.seen.release()
    assert "".join(words) == "I am small"
    assert process.wait(timeout=20) == 0
    rows = [json.loads(line) for line in log_path.read_text("utf-8").splitlines()]
    prompts = [query.prompt for query in generate(log_path, {}, max_prompt_chars=100_000)]
    assert prompts[-1] == "the last question"
    assert len(prompts) == len(rows)
    assert {row["status"] for row in rows} == {200, 499}  # 499: a client that went before its first token
    assert KEY not in log_path.read_text()


@pytest.mark.parametrize("way", ["--host", "BENTOML_HOST"])
def test_where_others_can_reach_it_the_service_starts_only_with_keys(bentoml_home, router_folder, way):
    command = [*SERVE, "--port", str(free_port()), *(["--host", "0.0.0.0"] if way == "--host" else [])]
    settings = {"POINTSMAN_API_KEYS": ""} | ({} if way == "--host" else {"BENTOML_HOST": "0.0.0.0"})
    done = subprocess.run(
        command, cwd=ROOT, env=environment(router_folder) | settings, capture_output=True, text=True, timeout=90
    )
    assert done.returncode == 1
    ours = [line for line in done.stderr.splitlines() if "Warning" not in line and not line.startswith("  ")]
    assert len(ours) == 1, done.stderr
    assert "0.0.0.0, where others can reach the service, and POINTSMAN_API_KEYS is not set" in ours[0]
