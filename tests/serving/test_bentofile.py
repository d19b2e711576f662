"""bentofile.yaml against the code and requirements.txt, and the Bento that is built of it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pathspec import PathSpec
from test_serving_imports import loaded_modules

ROOT = Path(__file__).parents[2]
BENTOFILE = yaml.safe_load((ROOT / "bentofile.yaml").read_text())
PACKAGES = BENTOFILE["python"]["packages"]


def pins(lines):
    return dict(line.split("==") for line in lines if re.match(r"[\w-]+==", line))


def test_packages_are_pinned_to_the_versions_of_requirements_txt():
    ours, all_pins = pins(PACKAGES), pins((ROOT / "requirements.txt").read_text().splitlines())
    assert len(ours) == len(PACKAGES)
    assert ours == {name: all_pins[name].strip() for name in ours}
    assert {"bentoml", "onnxruntime", "tokenizers", "numpy", "safetensors", "pydantic", "fastapi"} <= ours.keys()
    assert BENTOFILE["python"]["lock_packages"] is False


def test_the_gpu_variant_differs_in_name_and_onnx_runtime_alone():
    gpu = yaml.safe_load((ROOT / "bentofile.gpu.yaml").read_text())
    assert gpu.pop("name") == "pointsman-gpu"
    packages = gpu["python"].pop("packages")
    ours = {name: value for name, value in BENTOFILE.items() if name != "name"}
    python = {name: value for name, value in BENTOFILE["python"].items() if name != "packages"}
    assert gpu == ours | {"python": python}
    assert [name for name in packages if "onnxruntime" not in name] == [
        name for name in PACKAGES if "onnxruntime" not in name
    ]
    (runtime,) = set(packages) - set(PACKAGES)
    assert re.fullmatch(r"onnxruntime-gpu\[cuda,cudnn\]==[\d.]+", runtime)


def test_every_module_that_the_service_loads_is_included(router_folder, bentoml_home):
    files = [Path(*name.split(".")) for name in loaded_modules(router_folder) if name.split(".")[0] == "pointsman"]
    paths = {str(file.with_suffix(".py") if (ROOT / file.with_suffix(".py")).exists() else file / "__init__.py")
             for file in files}  # fmt: skip
    assert "pointsman/serving/service.py" in paths
    included = PathSpec.from_lines("gitignore", BENTOFILE["include"])
    assert {path for path in paths if not included.match_file(path)} == set()


def test_nothing_is_included_that_the_service_never_loads(router_folder, bentoml_home):
    names = set(loaded_modules(router_folder))
    included = PathSpec.from_lines("gitignore", BENTOFILE["include"])
    files = (path.relative_to(ROOT) for path in (ROOT / "pointsman").rglob("*.py"))
    packed = {
        ".".join(file.with_suffix("").parts).removesuffix(".__init__")
        for file in files
        if included.match_file(str(file))
    }
    assert packed - names == set()


@pytest.mark.slow
def test_the_bento_holds_the_router_and_the_code_and_nothing_else(bento, router_folder):
    source = bento / "src"
    found = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    router = {f"models/router/{path.name}" for path in router_folder.iterdir()}
    assert router <= found, "models/ is ignored by git, and must be packed all the same"
    others = {path for path in found - router if not (path.startswith("pointsman/") and path.endswith(".py"))}
    assert others <= {"bentofile.yaml"}


@pytest.mark.slow
def test_the_image_installs_the_pinned_packages_and_no_torch(bento):
    requirements = (bento / "env" / "python" / "requirements.txt").read_text().splitlines()
    assert pins(requirements) == pins(PACKAGES)
    everything = "\n".join(path.read_text() for path in (bento / "env").rglob("*") if path.is_file())
    assert not re.search(r"\b(torch|pandas|mlflow|dvc|nvidia)\b", everything)


@pytest.mark.slow
def test_the_image_serves_on_its_own_interface(bento):
    dockerfile = (bento / "env" / "docker" / "Dockerfile").read_text()
    assert re.search(r"^FROM python:3\.11", dockerfile, re.MULTILINE)
    assert "ARG BENTOML_HOST=0.0.0.0\nENV BENTOML_HOST=$BENTOML_HOST\n" in dockerfile.replace("\n\n", "\n")
    assert "ARG BENTOML_PORT=3000\n" in dockerfile
    assert "EXPOSE 3000" in dockerfile
    assert re.findall(r"^USER (.+)$", dockerfile, re.MULTILINE) == ["bentoml"]


@pytest.mark.slow
def test_the_bento_alone_has_all_it_needs(bento):
    """Its code and router in a fresh process, away from the checkout."""
    probe = "from pointsman.serving import service; service.Router(); print(service.__file__, service.api.state.runtime.router.name)"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("POINTSMAN", "PYTHONPATH"))
    }
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=bento / "src", capture_output=True, text=True, timeout=120, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert str(bento / "src") in done.stdout
