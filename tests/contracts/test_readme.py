"""The README's headline figures against reports/metrics.json."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
METRICS = json.loads((ROOT / "reports/metrics.json").read_text("utf-8"))
README = (ROOT / "README.md").read_text("utf-8")
WINNER = METRICS["winner"]


def share(value, ci):
    low, high = sorted(ci)
    return f"{value:.1%} ({low * 100:.1f} to {high * 100:.1f})".replace("%", " %")


def points(value, ci):
    return f"{value:.3f} ({ci[0]:.3f} to {ci[1]:.3f})".replace("-", "−")


def difference(versus):
    return f"{versus['apgr_diff']:.3f}, {versus['ci'][0]:.3f} to {versus['ci'][1]:.3f}".replace("-", "−")


def of(split, router):
    found = METRICS[split]["routers"][router]
    return points(found["apgr"], found["apgr_ci"])


@pytest.mark.parametrize(
    "figure",
    [
        f"on {METRICS['test']['n']} test queries the chosen router, the {WINNER['router']},",
        share(1 - WINNER["strong_share"], [1 - bound for bound in WINNER["strong_share_ci"]]),
        share(WINNER["quality_kept"], WINNER["quality_kept_ci"]),
        share(WINNER["cost_saved"], WINNER["cost_saved_ci"]),
        of("test", WINNER["router"]),
        points(WINNER["vs"]["length"]["apgr_diff"], WINNER["vs"]["length"]["ci"]),
        difference(WINNER["vs"]["knn"]),
        of("test_unseen", WINNER["router"]),
        of("test_unseen", "knn"),
    ],
)
def test_the_readme_says_what_the_default_run_found(figure):
    assert figure in README
