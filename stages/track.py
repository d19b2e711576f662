"""Log the comparison to MLflow and register the packaged router: reports/mlflow.json.

Example:
  python -m stages.track
"""

import hashlib
import subprocess
from pathlib import Path

import pandas as pd

import pointsman
from pointsman.cli import repository_root, run, say, take_no_arguments
from pointsman.config.params import load_params
from pointsman.routers.files import read_manifest
from pointsman.tables.io import read_json, write_json
from pointsman.tracking.log import Result, store_uri, track

MODEL = Path("models/router")
FILES = ("index.html", "report.md", "curve.svg", "winner.json", "spend.json")  # the last where a model was asked


def main() -> None:
    """Write reports/mlflow.json."""
    take_no_arguments(__doc__)
    params = load_params()
    root = repository_root()
    metrics = read_json(Path("reports/metrics.json"))
    result = Result(
        settings={
            "seed": params.seed,
            "routers": params.routers,
            "pair": params.pair,
            "rating": params.rating,
            "embedder": params.embedder,
            "router": params.router,
            "evaluation": params.evaluation,
            "selection": params.selection,
        },
        metrics=metrics,
        manifest=read_manifest(MODEL, "dvc repro package"),
        dataset=read_json(Path("data/dataset.json")),
        curves={name: pd.read_csv(f"reports/routers/{name}/curve.csv") for name in metrics["test"]["routers"]},
        files=[path for path in map(Path("reports").joinpath, FILES) if path.exists()],
        model=MODEL,
        code=Path(pointsman.__file__).parent,
        tags=provenance(root),
    )
    write_json(Path("reports/mlflow.json"), track(result, params.tracking, root))
    where = store_uri(params.tracking.uri, root) if params.tracking.uri is None else "tracking.uri"
    say(f"MLflow: run {result.name} in {where}; look at it with: make ui")


def provenance(root: Path) -> dict[str, str]:
    """Commit and the hash of dvc.lock, where there are any."""
    found = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    lock = root / "dvc.lock"
    tags = {"git_commit": found.stdout.strip()} if found.returncode == 0 else {}
    return tags | ({"dvc_lock_sha256": hashlib.sha256(lock.read_bytes()).hexdigest()} if lock.exists() else {})


if __name__ == "__main__":
    run(main)
