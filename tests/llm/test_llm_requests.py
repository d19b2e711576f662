import pytest

from pointsman.config.llm import PairConfig, Weights
from pointsman.llm.requests import response_requests
from pointsman.tables.schemas import QUERIES, frame

DIGEST = "c" * 64
WEIGHTS = {"small": Weights(repository=None, license="MIT", files=[{"name": "small.gguf", "sha256": DIGEST}])}


def pair(system: str | None = None) -> PairConfig:
    return PairConfig(
        name="pair",
        weak={"provider": "local", "model": "small"},
        strong={"provider": "remote", "model": "large"},
        system=system,
        temperature=0.0,
        max_tokens={"coding": 256, "default": 32},
    )


@pytest.fixture
def queries():
    conversation = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "?"}]
    return frame(
        [
            {"id": "1", "prompt": "Sort.", "category": "coding"},
            {"id": "2", "prompt": "hi", "category": "chat", "messages": conversation},
        ],
        QUERIES,
    )


def test_a_request_for_each_query_in_order(queries):
    coding, chat = response_requests(queries, "weak", pair(), WEIGHTS)
    assert coding.messages == ({"role": "user", "content": "Sort."},)
    assert [message["role"] for message in chat.messages] == ["user", "assistant"]
    assert (coding.max_tokens, chat.max_tokens) == (256, 32)


def test_the_system_message_comes_first(queries):
    first, second = response_requests(queries, "weak", pair("Be brief."), WEIGHTS)
    assert first.messages[0] == second.messages[0] == {"role": "system", "content": "Be brief."}


def test_only_a_local_model_is_known_by_its_weights(queries):
    assert {request.model_hash for request in response_requests(queries, "weak", pair(), WEIGHTS)} == {DIGEST}
    assert {request.model_hash for request in response_requests(queries, "strong", pair(), WEIGHTS)} == {None}
