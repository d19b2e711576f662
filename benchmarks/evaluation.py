"""Time every measure of ten routers: the point values, the paired bootstrap, the choice and its verdict.

Example:
    python -m benchmarks.evaluation --routers 10 --queries 4000 --resamples 1000
"""

import argparse
import os
import platform
import resource
import sys
import time
from pathlib import Path

import numpy as np

from pointsman.evaluation.groups import tabulate_groups
from pointsman.evaluation.intervals import resample_weights
from pointsman.evaluation.outcomes import Outcomes
from pointsman.evaluation.select import Scores, select_router
from pointsman.evaluation.summary import evaluate_router, judge_winner


def main() -> None:
    """Print the seconds of each part, the peak memory and the machine."""
    options = _options()
    outcomes, scores = _made_up(options.queries, options.routers, options.seed)
    families = [f"family {row % 40}" for row in range(options.queries)]
    names = list(scores)
    started = time.perf_counter()
    weights = resample_weights(options.queries, options.resamples, options.seed)
    drawn = time.perf_counter()
    for each in scores.values():
        evaluate_router(each.score, outcomes, weights, router_cost=each.router_cost, threshold=0.5)
    measured = time.perf_counter()
    chosen = select_router(scores, outcomes, names, quality=0.95)
    against = tuple(names[:2])
    judge_winner(chosen.router, chosen.threshold, scores, outcomes, weights, against=against)
    judged = time.perf_counter()
    tabulate_groups(families, scores[chosen.router].score, outcomes, chosen.threshold, resamples=options.resamples)
    ended = time.perf_counter()
    print(
        f"machine   {_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, numpy {np.__version__}"
    )
    print(f"size      {options.routers} routers x {options.queries} queries x {options.resamples} resamples")
    print(f"resamples {drawn - started:8.2f} s")
    print(f"metrics   {measured - drawn:8.2f} s, {(measured - drawn) / options.routers:.3f} s a router")
    print(f"winner    {judged - measured:8.2f} s")
    print(f"groups    {ended - judged:8.2f} s, 40 groups")
    print(f"total     {ended - started:8.2f} s")
    print(f"memory    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _RSS_PER_MB:8.0f} MB at its peak")


_RSS_PER_MB = 1024**2 if sys.platform == "darwin" else 1024


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--routers", type=int, default=10, help="routers to evaluate (default: 10)")
    parser.add_argument("--queries", type=int, default=4000, help="queries of the split (default: 4000)")
    parser.add_argument("--resamples", type=int, default=1000, help="bootstrap resamples (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the made-up outcomes (default: 0)")
    return parser.parse_args()


def _made_up(queries: int, routers: int, seed: int) -> tuple[Outcomes, dict[str, Scores]]:
    """Right-or-wrong outcomes, and routers from useless to good; every third has few distinct scores."""
    generator = np.random.default_rng(seed)
    difficulty = generator.random(queries)
    weak = (generator.random(queries) > 0.3 + 0.6 * difficulty).astype(float)
    strong = (generator.random(queries) > 0.1 + 0.4 * difficulty).astype(float)
    outcomes = Outcomes(weak, strong, generator.uniform(0.5, 1.5, queries), generator.uniform(5.0, 15.0, queries))
    scores = {}
    for number in range(routers):
        skill = number / max(1, routers - 1)
        score = np.clip(skill * difficulty + (1 - skill) * generator.random(queries), 0.0, 1.0)
        rounded = np.round(score, 1) if number % 3 == 2 else score
        scores[f"router {number}"] = Scores(rounded, np.full(queries, 0.01))
    return outcomes, scores


def _processor() -> str:
    """Name of the processor, from /proc/cpuinfo where there is one."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
