"""dvc.yaml against the code: each stage declares the modules that it imports and the params that it reads."""

import ast
from functools import cache
from pathlib import Path

import pytest
import yaml

from pointsman.config.params import TRAINABLE, Params

ROOT = Path(__file__).parents[2]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
# Modules that are looked up by name at run time, by the module that looks them up.
DYNAMIC = {
    "pointsman/queries/collect.py": ["pointsman/queries/sources"],
    "pointsman/routers/registry.py": ["pointsman/routers/${item.router}"],
}
ROUTERS = ("semantic", "llm", "bert", "knn", "stack")


def module_files(name):
    """The files of a dotted first-party module: itself and the packages above it."""
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        base = ROOT.joinpath(*parts[:size])
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.exists():
                yield path.relative_to(ROOT).as_posix()
                break


@cache
def imports(path):
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name.split(".")[0] in ("pointsman", "stages"):
                found.update(module_files(name))
    return found - {path}


def looked_up(path, routers):
    """The files of the modules that a module looks up by name."""
    for folder in DYNAMIC.get(path, []):
        for expanded in expand(folder, routers):
            yield from (file.relative_to(ROOT).as_posix() for file in (ROOT / expanded).rglob("*.py"))


def closure(path, routers=ROUTERS):
    """Every first-party file that importing a module runs, with what it looks up for these routers."""
    seen, todo = set(), [path]
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.add(current)
            todo.extend([*imports(current), *looked_up(current, routers)])
    return {file for file in seen if holds_code(file)}


def holds_code(path):
    """Whether a file could change a result: package files with no more than a docstring and a version cannot."""
    body = ast.parse((ROOT / path).read_text()).body
    return Path(path).name != "__init__.py" or not all(isinstance(node, ast.Expr | ast.Assign) for node in body)


def code_deps(stage):
    return [dep for dep in stage["deps"] if dep.split("/")[0] in ("pointsman", "stages", "prompts")]


def expand(dep, routers):
    return [dep.replace("${item.router}", name) for name in routers] if "${item.router}" in dep else [dep]


def variants():
    """Each stage with the routers that one run of it may look up: its own in a matrix over routers, else all."""
    for name, stage in STAGES.items():
        if "router" in stage.get("matrix", {}):
            yield from (pytest.param(name, (router,), id=f"{name}@{router}") for router in TRAINABLE)
        else:
            yield pytest.param(name, ROUTERS, id=name)


def covers(dep, file):
    return file == dep or file.startswith(f"{dep}/")


def stage_module(stage):
    return f"stages/{stage['cmd'].split('stages.')[1].split()[0]}.py"


@pytest.mark.parametrize(("name", "routers"), list(variants()))
def test_deps_are_the_imports(name, routers):
    stage = STAGES[name]
    files = closure(stage_module(stage), routers)
    deps = [dep for declared in code_deps(stage) for dep in expand(declared, routers)]
    missing = sorted(file for file in files if not any(covers(dep, file) for dep in deps))
    assert missing == [], f"dvc.yaml, stage {name}: imported but not among deps"


@pytest.mark.parametrize("name", STAGES)
def test_no_dep_is_idle(name):
    stage = STAGES[name]
    files = closure(stage_module(stage))
    deps = [dep for declared in code_deps(stage) for dep in expand(declared, ROUTERS)]
    code = [dep for dep in deps if not dep.startswith("prompts")]
    unused = sorted(dep for dep in code if not any(covers(dep, file) for file in files))
    assert unused == [], f"dvc.yaml, stage {name}: among deps but not imported"


def params_read(path):
    """`params.a.b` attribute chains of a stage module; the name `params` is given to nothing else."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Attribute):
            chain = []
            while isinstance(node, ast.Attribute):
                chain.append(node.attr)
                node = node.value
            if isinstance(node, ast.Name) and node.id == "params":
                found.add(tuple(reversed(chain)))
    return found


@pytest.mark.parametrize("name", STAGES)
def test_declared_params_are_those_read(name):
    stage = STAGES[name]
    read = {chain[0] for chain in params_read(stage_module(stage))}
    declared = {param.split(".")[0] for param in stage.get("params", [])}
    assert declared == read, f"dvc.yaml, stage {name}"
    assert declared <= set(Params.model_fields)


def test_no_stage_hands_all_params_on():
    for path in sorted((ROOT / "stages").glob("*.py")):
        tree = ast.parse(path.read_text())
        attributes = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        bare = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == "params" and id(n) not in attributes]
        loads = [n for n in bare if isinstance(n.ctx, ast.Load)]
        assert loads == [], f"{path.name} passes the whole of params on, so that its sections cannot be checked"


def test_every_stage_module_is_in_the_pipeline():
    modules = {path.stem for path in (ROOT / "stages").glob("*.py")} - {"__init__"}
    assert modules == {Path(stage_module(STAGES[name])).stem for name in STAGES}
