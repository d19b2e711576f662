from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llm_cases import KEY, MODEL
from pytest_httpserver import HTTPServer

from pointsman.config.llm import LlmConfig, Price, Provider, Weights
from pointsman.llm.shelf import Asking


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the developer's, and no cache or weights of theirs."""
    for name in ("REMOTE_BASE_URL", "LOCAL_BASE_URL", "DVC_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REMOTE_API_KEY", KEY)
    monkeypatch.setenv("POINTSMAN_CACHE", str(tmp_path / "weights"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def asking(httpserver: HTTPServer, tmp_path: Path) -> Callable[..., Asking]:
    """Settings that ask the test server; keywords change provider (`provider_…`) or llm settings."""

    def make(price: float | None = None, weights: dict[str, Weights] | None = None, **changes: Any) -> Asking:
        of_provider = {name.removeprefix("provider_"): v for name, v in changes.items() if name.startswith("provider_")}
        of_llm = {name: value for name, value in changes.items() if not name.startswith("provider_")}
        prices = (
            {MODEL: Price(prompt_usd_per_1m=price, completion_usd_per_1m=price, date="2026-01-01")} if price else {}
        )
        basis = {"base_url": httpserver.url_for("/v1"), "api_key_env": "REMOTE_API_KEY", "concurrency": 2}
        provider = Provider(**{**basis, "timeout_s": 10, "max_retries": 0, "prices": prices, **of_provider})
        local = Provider(base_url=None, api_key_env=None, concurrency=2, timeout_s=600, max_retries=0)
        settings = {"on_miss": "ask", "recordings": "recordings", "cache": ".cache/llm.sqlite", "budget_usd": None}
        llm = LlmConfig(**{**settings, "max_failed_share": 0.01, "context_tokens": 512, "threads": None, **of_llm})
        return Asking(llm, {"remote": provider, "local": local}, weights or {}, tmp_path)

    return make
