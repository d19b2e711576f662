"""What importing the service loads: it must start fast and fit in a small image."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROBE = """
import importlib, json, pkgutil, sys
import pointsman.serving
for module in pkgutil.walk_packages(pointsman.serving.__path__, "pointsman.serving."):
    importlib.import_module(module.name)
if len(sys.argv) > 1:
    from pathlib import Path
    from pointsman.serving.runtime import load_router
    from pointsman.serving.settings import Settings
    load_router(Settings(Path(sys.argv[1])))
print(json.dumps(sorted(sys.modules)))
"""


def loaded_modules(*arguments):
    """Names of all modules in a fresh process that imported every module of pointsman.serving."""
    command = [sys.executable, "-W", "ignore", "-c", PROBE, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    return json.loads(done.stdout)


@pytest.mark.parametrize("loads_a_router", [False, True])
def test_serving_imports_nothing_of_the_pipeline(router_folder, bentoml_home, loads_a_router):
    modules = loaded_modules(*[router_folder] * loads_a_router)
    assert "pointsman.serving.service" in modules
    tops = {name.split(".")[0] for name in modules}
    assert tops & {"torch", "transformers", "pandas", "hydra", "dvc", "mlflow", "scipy", "sklearn", "openai"} == set()
    ours = {name for name in modules if name.startswith(("pointsman.", "stages"))}
    allowed = ("pointsman.serving", "pointsman.routers", "pointsman.llm", "pointsman.config", "pointsman.errors")
    assert {name for name in ours if not name.startswith(allowed)} == set()
