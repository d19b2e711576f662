"""Committed files that must agree with each other."""

import ast
import re
import sys
from pathlib import Path

from pointsman.config.compose import check

ROOT = Path(__file__).parents[2]
# Module -> package of the index, where the names differ.
PACKAGES = {
    "hydra": "hydra-core",
    "yaml": "pyyaml",
    "dotenv": "python-dotenv",
    "sklearn": "scikit-learn",
    "prometheus_client": "prometheus-client",
    "circus": "kantoku",
    "opentelemetry": "opentelemetry-instrumentation-asgi",
}


def test_params_yaml_is_what_conf_gives():
    assert check(ROOT / "conf", ROOT / "params.yaml") == []


def imported():
    for path in [*ROOT.glob("pointsman/**/*.py"), *ROOT.glob("stages/*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.split(".")[0]


def test_what_the_code_imports_is_named_in_requirements_in():
    named = set(re.findall(r"^([A-Za-z0-9_.-]+)", (ROOT / "requirements.in").read_text("utf-8"), re.MULTILINE))
    named = {name.lower().replace("_", "-") for name in named}
    first_party = {"pointsman", "stages"}
    needed = {
        PACKAGES.get(name, name).lower().replace("_", "-")
        for name in set(imported()) - set(sys.stdlib_module_names) - first_party
    }
    assert needed <= named, f"imported but not in requirements.in: {sorted(needed - named)}"
