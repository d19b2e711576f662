import pytest

from pointsman.config.llm import PairConfig, Provider, Weights
from pointsman.llm.errors import ProviderError
from pointsman.llm.providers import answer_cost, cost_unit, endpoint, redact

PRICE = {"prompt_usd_per_1m": 1.0, "completion_usd_per_1m": 3.0, "date": "2026-01-01"}
LOCAL = Weights(repository=None, license="MIT", parameters=5e8, files=[{"name": "m.gguf", "sha256": "0" * 64}])


def provider(**changes) -> Provider:
    basis = {"base_url": "https://models.example/v1", "api_key_env": "REMOTE_API_KEY"}
    return Provider(**{**basis, "concurrency": 1, "timeout_s": 1, "max_retries": 0, **changes})


def pair(weak: str, strong: str) -> PairConfig:
    weak_model, strong_model = ({"provider": name, "model": f"{name}-model"} for name in (weak, strong))
    return PairConfig(
        name="pair", weak=weak_model, strong=strong_model, system=None, temperature=0, max_tokens={"default": 1}
    )


def test_the_environment_goes_before_dotenv_and_dotenv_before_conf(tmp_path):
    (tmp_path / ".env").write_text("REMOTE_API_KEY=from-file\nREMOTE_BASE_URL=http://file.example/v1\n")
    assert endpoint("remote", provider(), tmp_path, {}) == ("http://file.example/v1", "from-file")
    environment = {"REMOTE_API_KEY": "from-environment", "REMOTE_BASE_URL": "http://environment.example/v1"}
    assert endpoint("remote", provider(), tmp_path, environment) == (
        "http://environment.example/v1",
        "from-environment",
    )
    (tmp_path / ".env").unlink()
    assert endpoint("remote", provider(api_key_env=None), tmp_path, {}) == ("https://models.example/v1", None)


def test_an_empty_key_is_a_missing_key(tmp_path):
    (tmp_path / ".env").write_text("REMOTE_API_KEY=\n")
    with pytest.raises(ProviderError, match="REMOTE_API_KEY is not set, and provider 'remote' needs it"):
        endpoint("remote", provider(), tmp_path, {})


def test_secrets_are_taken_out_of_messages():
    assert redact("Bearer sk-abcdef, again sk-abcdef", ["sk-abcdef", None, ""]) == "Bearer [hidden], again [hidden]"


def test_what_a_local_server_takes_for_a_key_is_no_secret():
    assert redact("none of them", ["none"]) == "none of them"


@pytest.mark.parametrize("key", ["sk-abc def", "sk-abc…", "sk-ключ", "sk-abc\tdef"])
def test_a_key_that_was_copied_badly_is_refused_and_not_shown(tmp_path, key):
    with pytest.raises(ProviderError, match="REMOTE_API_KEY holds a character that no key has") as raised:
        endpoint("remote", provider(), tmp_path, {"REMOTE_API_KEY": key})
    assert key not in str(raised.value)


@pytest.mark.parametrize(
    ("who", "weights", "billed", "expected"),
    [
        (provider(), None, 0.5, 0.5),
        (provider(prices={"m": PRICE}), None, None, (100 * 1.0 + 20 * 3.0) / 1e6),
        (provider(base_url=None), LOCAL, None, 5e8 * 120 / 1e9),
        (provider(base_url=None, prices={"m": PRICE}), LOCAL, None, 160 / 1e6),
        (provider(), None, None, None),
    ],
)
def test_cost_is_billed_or_priced_or_relative(who, weights, billed, expected):
    assert answer_cost(who, weights, "m", (100, 20), billed) == (None if expected is None else pytest.approx(expected))


def test_cost_without_token_counts_is_unknown():
    assert answer_cost(provider(prices={"m": PRICE}), None, "m", (None, 20)) is None


def test_a_pair_has_one_unit_of_cost():
    providers = {"remote": provider(), "local": provider(base_url=None)}
    assert cost_unit(pair("remote", "remote"), providers) == "USD"
    assert cost_unit(pair("local", "local"), providers) == "relative"
    with pytest.raises(ProviderError, match=r"provider\.local\.prices\.local-model"):
        cost_unit(pair("local", "remote"), providers)
    priced = providers | {"local": provider(base_url=None, prices={"local-model": PRICE})}
    assert cost_unit(pair("local", "remote"), priced) == "USD"
