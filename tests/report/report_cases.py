"""A project's files, made up: the shapes are the schemas', the winner and the metrics are those of the real functions."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from pointsman.config.llm import PairConfig
from pointsman.config.rating import JudgeConfig
from pointsman.dataset.build import Built
from pointsman.dataset.summary import summarise
from pointsman.evaluation.judge import judge
from pointsman.report.inputs import Settings
from pointsman.tables.io import write_json
from pointsman.tables.schemas import DATASET, JUDGEMENTS, QUERIES, RATINGS, RESPONSES, SCORES, frame, write_table

SPEND = {
    "models": {
        "local/tiny-model": {
            "recorded": 200,
            "cached": 30,
            "live": 10,
            "failed": 2,
            "prompt_tokens": 4321,
            "completion_tokens": 1234,
            "cost": 5.5,
            "cost_of_this_run": 0.25,
        }
    },
    "spent_usd_of_this_run": 0.125,
}
_ENTRY = {"flipped": 0.0, "flipped_ci": [0.0, 0.0], "strong_share": 0.5, "score_shift": 0.0}
_ENTRY |= {"apgr": 0.7, "apgr_ci": [0.6, 0.8]}
ROBUSTNESS = {
    "n": 120,
    "threshold": 0.4,
    "unchanged": _ENTRY,
    "changes": {
        "typos": _ENTRY | {"flipped": 0.025, "flipped_ci": [0.0, 0.05], "score_shift": 0.01},
        "upper case": _ENTRY | {"flipped": 0.1, "flipped_ci": [0.05, 0.15], "apgr": None, "apgr_ci": None},
    },
}
LEARNED = ("semantic", "llm", "bert")
COMPARED = ("random", "length", "knn", "always_weak", "always_strong", "oracle", "shuffled")
HOSTILE = (
    "<script>document.title='owned'</script> ]]> | a | b | `code` ```fence``` <img src=x onerror=alert(1)> "
    "[link](javascript:alert(1)) ![i](http://evil.example/x.png) https://evil.example **bold** </style></svg> "
    "&lt;b&gt; \u202egnp.exe\u202c {{ 7 * 7 }}\n# heading\n| x | y |\n|---|---|\n<!-- c --> $E=mc^2$"
)


def settings(**changes) -> Settings:
    values = {
        "title": "Which queries need the strong model?",
        "pair": PairConfig(
            name="tiny against small",
            weak={"provider": "local", "model": "tiny-model"},
            strong={"provider": "local", "model": "small-model"},
            system=None,
            temperature=0.0,
            max_tokens={"default": 64},
        ),
        "judge": JudgeConfig(
            candidate=None,
            mode="single",
            prompt="prompts/judge.txt",
            pairwise_prompt="prompts/judge_pairwise.txt",
            max_tokens=64,
            use_reference=True,
            allow_same_family=False,
            families={},
            validate_on=0,
            repeat_on=0,
            repeats=1,
        ),
        "sample_decisions": 6,
        "quality": 0.95,
        "seed": 7,
        "resamples": 100,
        "confidence": 0.95,
        "digest": "0" * 64,
    }
    return Settings(**values | changes)


def make_dataset(n=240, categories=("coding", "factual", "reasoning"), skill=1.0, seed=0, unseen=True) -> pd.DataFrame:
    """Strong is better the higher a hidden need; `need` can be seen by a router that has skill."""
    generator = np.random.default_rng(seed)
    need = generator.random(n)
    weak = (generator.random(n) > need).astype(float)
    strong = np.maximum(weak, (generator.random(n) < 0.8).astype(float))
    strong[generator.random(n) < 0.05] = 0.0
    splits = ["validation", "test", "test", "test_unseen" if unseen else "test"]
    table = pd.DataFrame(
        {
            "id": [f"q{number:04d}" for number in range(n)],
            "text": [f"Query {number}: what is {number} + {number}?" for number in range(n)],
            "category": [categories[number % len(categories)] for number in range(n)],
            "family": [f"family {number % 6}" for number in range(n)],
            "difficulty": pd.Series([None] * n, dtype="str"),
            "split": [splits[number % 4] for number in range(n)],
            "weak_score": weak,
            "strong_score": strong,
            "gain": strong - weak,
            "weak_cost": 1.0 + generator.random(n),
            "strong_cost": 10.0 + generator.random(n),
        }
    )
    return table.assign(need=skill * need + (1 - skill) * generator.random(n))


def make_scores(dataset: pd.DataFrame, routers=LEARNED, seed=1) -> dict[str, pd.DataFrame]:
    generator = np.random.default_rng(seed)
    rows = dataset[dataset["split"] != "train"]
    n, need = len(rows), rows["need"].to_numpy()
    noise = {"bert": 0.15, "semantic": 0.4, "llm": 0.5, "knn": 0.3}
    by_name = {
        "random": generator.random(n),
        "length": 0.2 + 0.1 * generator.random(n),
        "always_weak": np.zeros(n),
        "always_strong": np.ones(n),
        "oracle": (rows["gain"].to_numpy() + 1) / 2,
        "shuffled": 0.4 + 0.05 * generator.random(n),
    } | {name: np.clip(need + share * generator.normal(size=n), 0, 1) for name, share in noise.items()}
    return {
        name: pd.DataFrame(
            {
                "id": rows["id"].to_list(),
                "split": rows["split"].to_list(),
                "score": by_name[name],
                "raw": by_name[name],
                "router_cost": 0.5 if name == "llm" else 0.0,
            }
        )
        for name in (*routers, *COMPARED)
    }


def write_project(
    root: Path,
    dataset: pd.DataFrame,
    *,
    routers=LEARNED,
    unit="relative",
    answers=True,
    timing=True,
    answer="An answer.",
) -> None:
    """Write every file that the report stage reads."""
    table, scores = dataset[list(DATASET.columns)], make_scores(dataset, routers)
    judgement = judge(
        table, scores, {"semantic", "bert", "knn"} & set(scores), quality=0.95, resamples=100, confidence=0.95, seed=7
    )
    queries = table[["id", "category", "family", "difficulty", "split"]].assign(
        prompt=table["text"], source="made_up", reference=None, messages=None, metadata=None
    )
    built = Built(table, unit, pd.DataFrame({name: [] for name in ("id", "category", "family", "role", "reason")}))
    write_json(root / "reports/metrics.json", judgement.metrics)
    write_json(root / "reports/winner.json", judgement.winner)
    write_table(root / "data/dataset.parquet", table, DATASET)
    write_json(root / "data/dataset.json", summarise(built, queries))
    write_table(root / "data/queries.jsonl", queries, QUERIES)
    for role in ("weak", "strong"):
        given = [{"id": row, "model": role, "response": answer, "finish_reason": "stop"} for row in table["id"]]
        write_table(root / f"data/responses/{role}.jsonl", frame(given if answers else [], RESPONSES), RESPONSES)
    rated = [
        {"id": row["id"], "role": role, "rating": 1 + 4 * row[f"{role}_score"], "score": row[f"{role}_score"]}
        | {"method": "reference"}
        for row in table.to_dict("records")
        for role in ("weak", "strong")
    ]
    write_table(root / "data/ratings.jsonl", frame(rated, RATINGS), RATINGS)
    write_table(root / "data/judgements.jsonl", frame([], JUDGEMENTS), JUDGEMENTS)
    for name, each in scores.items():
        write_table(root / f"reports/routers/{name}/scores.jsonl", each, SCORES)
    write_json(root / "reports/robustness.json", ROBUSTNESS)
    if timing:
        write_json(root / "reports/timing.json", {"train-bert": {"queries": 100, "seconds": 61.5}})
        write_json(root / "reports/spend.json", {"responses@weak": SPEND})
        models = {"tiny-model": {"file": "tiny-model.jsonl.gz", "answers": len(table)}}
        write_json(root / "data/recordings/manifest.json", {"format": 1, "models": models})


def edit_json(path: Path, **changes) -> None:
    """Change keys of a JSON file."""
    write_json(path, json.loads(path.read_text()) | changes)
