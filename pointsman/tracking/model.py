"""The packaged router as an MLflow model. MLflow runs this file to load it, so that nothing is pickled."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel


class RouterModel(PythonModel):
    """Scores the column `text`: `score` is the probability that strong is needed, `route_label` the decision."""

    def load_context(self, context: Any) -> None:
        """Load the router that lies beside the model."""
        from pointsman.routers.packaged import load

        self.router = load(Path(context.artifacts["router"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        """One row for each query, in their order."""
        scores = self.router.scores([str(text) for text in model_input["text"]]).score
        labels = ["Strong Model" if score > self.router.threshold else "Weak Model" for score in scores]
        return pd.DataFrame({"score": scores, "route_label": labels})


set_model(RouterModel())
