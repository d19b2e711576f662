import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from factories import fit_context, fit_data, planted_table

from pointsman.routers import fitted, registry
from pointsman.routers.files import RouterError, read_arrays


def test_an_unknown_router_is_refused_with_the_known_ones():
    with pytest.raises(RouterError, match="router is 'svm', expected one of semantic, llm, bert, knn"):
        registry.fit("svm", fit_data(planted_table(20)), fit_context())


@pytest.mark.parametrize("name", ["semantic", "knn"])
def test_a_router_is_fitted_saved_and_read_by_its_name(name, tmp_path):
    data = fit_data(planted_table(40))
    router = registry.fit(name, data, fit_context(embed=lambda texts: np.eye(len(texts), 16, dtype=np.float32)))
    router.save(tmp_path)
    loaded = registry.load(tmp_path)
    texts, vectors = list(data.validation["text"]), data.validation_embeddings
    assert loaded.name == name
    assert loaded.scores(texts, vectors).score.tolist() == router.scores(texts, vectors).score.tolist()


def test_a_router_is_not_read_with_another_encoder_than_it_was_fitted_with(tmp_path):
    context = fit_context(embed=lambda texts: np.eye(len(texts), 16, dtype=np.float32))
    fitted.save(registry.fit("knn", fit_data(planted_table(40)), context), tmp_path, context)
    assert registry.load(tmp_path, context).name == "knn"
    fewer = replace(context, embedder=context.embedder.model_copy(update={"layers": 1}))
    with pytest.raises(RouterError, match="was fitted with the encoder .*'layers': 1.*Fit it again with: dvc repro"):
        registry.load(tmp_path, fewer)
    larger = replace(context, embedder=context.embedder.model_copy(update={"batch_size": 3}))
    assert registry.load(tmp_path, larger).name == "knn"


def test_looking_up_a_light_router_imports_no_torch():
    code = (
        "import sys\n"
        "from pointsman.routers import registry\n"
        "registry._module('knn'), registry._module('semantic'), registry._module('llm')\n"
        "print([name for name in ('torch', 'transformers', 'pandas') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_a_folder_without_router_json_is_refused(tmp_path):
    with pytest.raises(RouterError, match=r"router\.json is missing"):
        registry.load(tmp_path)


def test_router_json_that_is_not_json_is_refused(tmp_path):
    (tmp_path / "router.json").write_text("{")
    with pytest.raises(RouterError, match=r"router\.json is not JSON"):
        registry.load(tmp_path)


def test_arrays_that_are_damaged_are_refused(tmp_path):
    (tmp_path / "arrays.safetensors").write_bytes(b"\0" * 64)
    with pytest.raises(RouterError, match=r"arrays\.safetensors is damaged"):
        read_arrays(tmp_path)


def test_arrays_that_are_missing_are_refused(tmp_path):
    with pytest.raises(RouterError, match=r"arrays\.safetensors is missing"):
        read_arrays(tmp_path)
