"""The LLM router: asks a model whether a query is easy or hard, and calibrates what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pointsman.routers import calibration, fitting
from pointsman.routers.base import Scored
from pointsman.routers.files import RouterError, read_manifest, write_manifest
from pointsman.routers.fitting import Ask, FitContext, FitData
from pointsman.routers.llm.classification import Readings, classification_requests, read_answers

if TYPE_CHECKING:
    from pointsman.config.routers import LlmRouterConfig


@dataclass(frozen=True)
class LlmRouter:
    """A model's classification of the query, as a calibrated probability that gain > 0.

    Cost and latency are those of the classifying call. A query whose classification failed scores as the
    average validation query (`neutral_raw`), so that one lost answer neither favours weak nor strong.
    """

    config: LlmRouterConfig
    template: str
    ask: Ask
    model_hash: str | None = None
    neutral_raw: float = 0.0
    calibration: calibration.Calibration = calibration.NONE
    name: str = "llm"

    def scores(self, texts: Sequence[str], embeddings: NDArray[np.float32] | None = None) -> Scored:  # noqa: ARG002
        """Score queries with one request each.

        Raises:
            RouterError: more classifications failed than `router.llm.max_failed_share` allows.
        """
        readings = self.classify(texts)
        raw = np.where(readings.failed, self.neutral_raw, readings.raw)
        return Scored(self.calibration.apply(raw), raw, readings.cost)

    def classify(self, texts: Sequence[str]) -> Readings:
        """What the model says of each query, with what each answer cost and how long it took.

        Raises:
            RouterError: as `scores`.
        """
        requests = classification_requests(texts, self.config, self.template, model_hash=self.model_hash)
        answers = self.ask(requests)
        readings = read_answers(answers, self.config.labels)
        failed, share = int(readings.failed.sum()), self.config.max_failed_share
        if failed > share * len(texts):
            first = answers[int(np.argmax(readings.failed))]
            raise RouterError(
                f"{failed} of {len(texts)} classifications by {self.config.candidate.model} failed, first with "
                f"{first.error or f'the answer {first.response!r}'}; allowed is a share of {share}. Run the stage "
                "again to ask for what is missing, or raise router.llm.max_failed_share"
            )
        return readings

    def save(self, folder: Path) -> None:
        """Write router.json: no weights, the model that classifies lies elsewhere."""
        candidate = self.config.candidate.model_dump(mode="json")
        values = {"candidate": candidate, "model_hash": self.model_hash, "neutral_raw": self.neutral_raw}
        write_manifest(folder, {"router": self.name, **values, "calibration": self.calibration.to_json()})


def fit(data: FitData, context: FitContext) -> LlmRouter:
    """Classify the validation queries and calibrate on them; train is not asked about.

    Raises:
        RouterError: the context has no `ask` or no `template`, or too many classifications failed.
    """
    if context.ask is None or context.template is None:
        raise RouterError("the llm router needs FitContext.ask and FitContext.template")
    router = LlmRouter(context.router.llm, context.template, context.ask, context.model_hash)
    readings = router.classify(fitting.texts(data.validation))
    raw, event = readings.raw[~readings.failed], fitting.events(data.validation)[~readings.failed]
    neutral = float(raw.mean()) if len(raw) else 0.0
    return replace(router, neutral_raw=neutral, calibration=calibration.fit("platt", raw, event))


def load(folder: Path, config: LlmRouterConfig, template: str, ask: Ask) -> LlmRouter:
    """Read a saved LLM router.

    Raises:
        RouterError: it was calibrated for another model than conf names.
    """
    manifest = read_manifest(folder)
    if manifest["candidate"] != config.candidate.model_dump(mode="json"):
        raise RouterError(
            f"{folder} was calibrated for {manifest['candidate']}, conf names "
            f"{config.candidate.model_dump(mode='json')}. Calibrate it again with: dvc repro train@llm"
        )
    fitted = calibration.Calibration.from_json(manifest["calibration"])
    return LlmRouter(config, template, ask, manifest["model_hash"], float(manifest["neutral_raw"]), fitted)
