"""Queries with answers, settings of a judge, and a judge that answers from a function."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from pointsman.config.llm import Candidate
from pointsman.config.rating import JudgeConfig, RatingConfig, SandboxConfig
from pointsman.llm.types import Answer, Request
from pointsman.tables.schemas import RESPONSES, check, frame

PARIS = {"kind": "exact", "answer": "Paris"}
LIMITS = SandboxConfig(wall_s=8, cpu_s=1, memory_mb=256, file_mb=1, processes=8, output_kb=64)


def query(name: str, reference: dict[str, Any] | None = None, **given: Any) -> dict[str, Any]:
    return {
        "id": name, "prompt": f"prompt {name}", "category": "c", "family": "f", "source": "s", "difficulty": None,
        "split": "train", "reference": reference, "messages": None, "metadata": {"given": given} if given else None,
    }  # fmt: skip


def responses(**texts: str | None) -> pd.DataFrame:
    rows = [
        {"id": name, "response": text, "error": None if text is not None else "HTTP 500"}
        for name, text in texts.items()
    ]
    return check(frame(rows, RESPONSES), RESPONSES, "responses")


def judge_config(**changes: object) -> JudgeConfig:
    values: dict[str, object] = {
        "candidate": Candidate(provider="p", model="judge-1"),
        "mode": "single",
        "prompt": "prompts/judge.txt",
        "pairwise_prompt": "prompts/judge_pairwise.txt",
        "max_tokens": 50,
        "use_reference": True,
        "allow_same_family": False,
        "families": {},
        "validate_on": 0,
        "repeat_on": 0,
        "repeats": 1,
    }
    return JudgeConfig.model_validate(values | changes)


def rating_config(method: str = "judge", **judge: object) -> RatingConfig:
    return RatingConfig.model_validate(
        {"method": method, "workers": 1, "sandbox": LIMITS, "judge": judge_config(**judge)}
    )


class Judge:
    """Answers by a function of the request's text; keeps what it was asked."""

    def __init__(self, says: Callable[[str], str]) -> None:
        self.says = says
        self.asked: list[Request] = []

    def ask(self, requests: Sequence[Request]) -> list[Answer]:
        self.asked.extend(requests)
        return [Answer(one.key, self.says(str(one.messages[-1]["content"])), None) for one in requests]


def nothing_known(requests: Sequence[Request]) -> int:
    return 0
