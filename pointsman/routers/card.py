"""The model card of a packaged router."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = {
    "bert": "An encoder, fine-tuned on queries alone, predicts each model's score; the difference is calibrated.",
    "semantic": "Each query is compared with example queries of every route; each route carries its share of gain.",
    "stack": "A linear model, a forest and the nearest train queries vote, by the query's words and its surface.",
    "knn": "The nearest train queries vote with what they gained.",
}


@dataclass(frozen=True)
class Card:
    """What a model card tells beside the router's own settings."""

    weak: str  # name of the weak model
    strong: str  # name of the strong model
    counts: Mapping[str, int]  # queries by split
    metrics: Mapping[str, float | list[float] | str | None]  # on the test split, by name; a list is an interval
    licence: str = "Apache-2.0"
    base: str = ""  # the encoder it stands on
    limits: tuple[str, ...] = field(
        default=(
            "It was trained for this pair of models and queries like its train split; for others, train it again.",
            "It reads the query only: not the answers, not tools, not images.",
            "Text written to mislead it can change the route, so it is no safeguard.",
        )
    )


def render(card: Card, manifest: Mapping[str, Any], onnx: str) -> str:
    """The card as Markdown, with the metadata block that model hubs read."""
    name = str(manifest["router"])
    lines = [
        "---",
        f"license: {card.licence.lower()}",
        "library_name: onnx",
        "tags: [llm-routing]",
        "---",
        f"# {name} router: {card.weak} or {card.strong}",
        "",
        f"For each query, the probability that {card.strong} gives a better answer than {card.weak}. {KINDS[name]}",
        "Route to the strong model if and only if the score is above the `threshold` in router.json.",
        "",
        "| fact | value |",
        "|---|---|",
        f"| served file | {onnx} |",
        f"| longest query, tokens | {manifest['max_tokens']} |",
        *([f"| base encoder | {card.base} |"] if card.base else []),
        *[f"| {split} queries | {count} |" for split, count in card.counts.items()],
        *[f"| {metric} | {_shown(value)} |" for metric, value in card.metrics.items()],
        "",
        "## Limits",
        *[f"- {limit}" for limit in card.limits],
        "",
        "## Use",
        "```python",
        "from pathlib import Path",
        "from pointsman.routers.packaged import load",
        "",
        'router = load(Path("models/router"))',
        'print(router.scores(["What is the capital of Portugal?"]).score, router.threshold)',
        "```",
    ]
    return "\n".join(lines) + "\n"


def _shown(value: float | list[float] | str | None) -> str:
    if value is None:
        return "undefined"
    if isinstance(value, list):
        return " to ".join(_shown(end) for end in value)
    return value if isinstance(value, str) else f"{value:.4g}"
