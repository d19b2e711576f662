"""Which models are of one family: trained by the same people on the same data, or one taught by the other."""

import re
from collections.abc import Mapping

_PATTERNS = {
    "claude": r"claude|anthropic",
    "command": r"cohere|\bcommand\b|\baya\b",
    "deepseek": r"deepseek",
    "glm": r"glm-?\d|zhipu|\bz-ai\b",
    "google": r"google|gemini|gemma",
    "granite": r"granite",
    "grok": r"\bgrok|\bx-ai\b",
    "kimi": r"kimi|moonshot",
    "llama": r"llama|vicuna",
    "minimax": r"minimax",
    "mistral": r"(?:mis|mix|minis|codes|devs|magis|pix)tral",
    "nova": r"\bnova\b|\bamazon\b",
    "olmo": r"olmo|allenai",
    "openai": r"openai|gpt|\bo[134]\b",
    "phi": r"\bphi-?\d",
    "qwen": r"qwen|\bqwq\b|\bqvq\b",
    "smollm": r"smollm",
}


def families_of(model: str, named: Mapping[str, str]) -> frozenset[str]:
    """The families of a model, by its name; more than one where it was distilled or fine-tuned from another's.

    A name that tells nothing is a family of its own: its first word, without the organisation.

    Args:
        model: name at a provider, e.g. `meta-llama/llama-3.1-8b-instruct`.
        named: model -> family, for names that mislead.
    """
    if model in named:
        return frozenset({named[model]})
    name = model.lower()
    found = frozenset(family for family, pattern in _PATTERNS.items() if re.search(pattern, name))
    return found or frozenset({re.split(r"[^a-z]", name.rpartition("/")[2], maxsplit=1)[0] or name})
