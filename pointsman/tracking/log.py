"""One MLflow run for each result: a parent with the comparison, a nested run for each router, the model registered."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from pointsman.config.digest import plain
from pointsman.config.params import TrackingConfig
from pointsman.errors import PointsmanError
from pointsman.tables.io import dumps
from pointsman.tracking.values import comparison, numbers, params, thin

FINGERPRINT = "pointsman.fingerprint"
_VERSION = "pointsman.registered_version"
_SERVING = ("numpy", "onnxruntime", "tokenizers", "safetensors", "pandas")


class TrackingError(PointsmanError):
    """MLflow did not take the run."""


@dataclass(frozen=True)
class Result:
    """What is logged."""

    settings: Mapping[str, Any]  # sections of params.yaml that shape the result; nothing secret
    metrics: Mapping[str, Any]  # reports/metrics.json
    manifest: Mapping[str, Any]  # models/router/router.json
    dataset: Mapping[str, Any]  # data/dataset.json
    curves: Mapping[str, pd.DataFrame]  # router -> its curve on test: strong_share, quality, cost
    files: Sequence[Path]  # figures and reports
    model: Path  # the packaged router
    code: Path  # the package `pointsman`, which the model needs
    tags: Mapping[str, str]  # commit and the like

    @property
    def fingerprint(self) -> str:
        """SHA-256 over metrics, settings and the packaged router: equal results have equal ones."""
        content = {"metrics": self.metrics, "settings": plain(self.settings), "router": self.manifest}
        return hashlib.sha256(dumps(content).encode()).hexdigest()

    @property
    def name(self) -> str:
        """Name of the parent run."""
        return f"{self.manifest['router']}-{self.fingerprint[:8]}"


def store_uri(uri: str | None, root: Path) -> str:
    """The tracking server, or else the database under the repository's root."""
    return uri or f"sqlite:///{(root / 'mlflow.db').resolve()}"


def track(result: Result, config: TrackingConfig, root: Path) -> dict[str, str]:
    """Log a result unless its fingerprint is there already, and point the alias at its model; returns mlflow.json.

    Raises:
        TrackingError: MLflow cannot be reached, or refuses.
    """
    _quieten()
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    uri = store_uri(config.uri, root)
    try:
        _track(result, config, uri, root)
    except (MlflowException, SQLAlchemyError, OSError) as problem:
        raise TrackingError(
            f"MLflow at {_without_password(uri)} did not take the run: {_first_line(problem, uri)}. "
            "Mend tracking.uri in conf/config.yaml (null: mlflow.db under the repository root), "
            "then run: python -m pointsman.config.compose && dvc repro track"
        ) from problem
    return {
        "experiment": config.experiment,
        "run": result.name,
        "fingerprint": result.fingerprint,
        "registered_model": config.registered_model,
        "alias": config.alias,
    }


def _quieten() -> None:
    """Before MLflow is imported: no telemetry, no names of environment variables in models, no endless retries."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING"] = "false"
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")


def _track(result: Result, config: TrackingConfig, uri: str, root: Path) -> None:
    import mlflow

    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    client = mlflow.MlflowClient()
    experiment_id = _experiment(client, config, root)
    found = client.search_runs([experiment_id], f"tags.`{FINGERPRINT}` = '{result.fingerprint}'", max_results=1)
    number = found[0].data.tags[_VERSION] if found else _log(result, config, experiment_id)
    aliases = client.get_registered_model(config.registered_model).aliases
    if str(aliases.get(config.alias)) != number:
        client.set_registered_model_alias(config.registered_model, config.alias, number)


def _experiment(client: Any, config: TrackingConfig, root: Path) -> str:
    experiment = client.get_experiment_by_name(config.experiment)
    if experiment is not None:
        return str(experiment.experiment_id)
    location = None if config.uri else (root / "mlartifacts").resolve().as_uri()
    return str(client.create_experiment(config.experiment, artifact_location=location))


def _log(result: Result, config: TrackingConfig, experiment_id: str) -> str:
    """Log everything; the fingerprint comes last, so that a run that was killed counts for nothing."""
    import mlflow

    with mlflow.start_run(experiment_id=experiment_id, run_name=result.name, tags=dict(result.tags)):
        mlflow.log_params(params(result.settings))
        mlflow.log_metrics(comparison(result.metrics) | numbers("dataset", result.dataset.get("overall", {})))
        mlflow.log_dict(dict(result.dataset), "dataset.json")
        mlflow.log_dict(dict(result.metrics), "metrics.json")
        for file in result.files:
            mlflow.log_artifact(str(file))
        for name, curve in result.curves.items():
            _log_router(name, curve, result, experiment_id)
        number = _register(result, config)
        mlflow.set_tags({_VERSION: number, FINGERPRINT: result.fingerprint})
    return number


def _log_router(name: str, curve: pd.DataFrame, result: Result, experiment_id: str) -> None:
    import mlflow
    from mlflow.entities import Metric

    with mlflow.start_run(experiment_id=experiment_id, run_name=name, nested=True) as run:
        mlflow.set_tag("router", name)
        mlflow.log_params(params({name: plain(result.settings).get("router", {}).get(name, {})}))
        for split in ("test", "test_unseen"):
            measures = (result.metrics.get(split) or {}).get("routers") or {}
            mlflow.log_metrics(numbers(split, measures.get(name, {})))
        # The step is the share of strong calls in per cent, the time stands for nothing.
        points = [Metric("quality_at_strong_percent", value, 0, step) for step, value in thin(curve)]
        mlflow.MlflowClient().log_batch(run.info.run_id, metrics=points)


def _register(result: Result, config: TrackingConfig) -> str:
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    logged = mlflow.pyfunc.log_model(
        name="router",
        python_model=str(Path(__file__).with_name("model.py")),
        artifacts={"router": str(result.model)},
        code_paths=[str(result.code)],
        pip_requirements=[f"{package}=={version(package)}" for package in ("mlflow", *_SERVING)],
        input_example=pd.DataFrame({"text": ["What is the capital of Portugal?"]}),
        signature=ModelSignature(
            Schema([ColSpec(DataType.string, "text")]),
            Schema([ColSpec(DataType.double, "score"), ColSpec(DataType.string, "route_label")]),
        ),
        registered_model_name=config.registered_model,
    )
    return str(logged.registered_model_version)


def _without_password(uri: str) -> str:
    scheme, found, rest = uri.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if found else uri


def _first_line(problem: Exception, uri: str) -> str:
    text = str(problem).replace(uri, _without_password(uri)).strip()
    return (text.splitlines() or [type(problem).__name__])[0].rstrip(".")
