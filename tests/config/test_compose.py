from pathlib import Path

import pytest
import yaml

from pointsman.config import compose as module
from pointsman.config.errors import ConfigError
from pointsman.config.params import Params, load_params

CONF = Path(__file__).parents[2] / "conf"


def test_every_group_choice_composes():
    choices = [
        f"{group.name}={file.stem}"
        for group in sorted(CONF.iterdir())
        if group.is_dir() and group.name != "experiment"
        for file in sorted(group.glob("*.yaml"))
    ]
    choices += [f"experiment={file.stem}" for file in sorted((CONF / "experiment").glob("*.yaml"))]
    assert len(choices) >= 12
    for choice in choices:
        extra = ["queries.path=my.csv"] if choice == "queries=file" else []
        Params.model_validate(module.compose(CONF, [choice, *extra]))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("+llm.budget=3", "unknown key 'llm.budget'; allowed here: .*budget_usd"),
        ("+queries.splits.dev=0.1", "unknown key 'queries.splits.dev'; allowed here: test, train, validation"),
        ("selection.quality=1.5", "selection.quality is 1.5; Input should be less than or equal to 1"),
        ("queries.splits.train=0.9", "queries.splits is .*expected 1"),
        ("llm.on_miss=maybe", "llm.on_miss is 'maybe'.*pattern"),
        ("routers=[bert,magic]", "expected different ones of"),
        ("pair.weak.provider=nowhere", "pair.weak.provider is 'nowhere', expected one of"),
        ("provider.custom.base_url=localhost:80", "expected http://"),
        ("trian=fast", "unknown key 'trian'; allowed: train"),
        ("train.epochs=2", "unknown key 'train.epochs'; allowed: .*router.bert.train.epochs"),
        ("nonsense=1", "unknown key 'nonsense'; allowed: .*selection"),
        ("train=missing", "(?s)does not compose.*missing"),
        ("queries=file", "(?s)does not compose.*queries.path"),
        ("seed=-1", "seed is -1"),
    ],
)
def test_a_wrong_override_names_key_value_and_what_is_allowed(override, message):
    with pytest.raises(ConfigError, match=message):
        module.compose(CONF, [override])


def test_every_field_is_described():
    def undescribed(model, path=""):
        for name, field in model.model_fields.items():
            inner = list(models_of(field.annotation))
            if not field.description and not inner and name != "kind":
                yield f"{path}{name}"
            for kind in inner:
                yield from undescribed(kind, f"{path}{name}.")

    def models_of(annotation):
        if isinstance(annotation, type) and hasattr(annotation, "model_fields"):
            return [annotation]
        return [m for argument in getattr(annotation, "__args__", ()) for m in models_of(argument)]

    assert list(undescribed(Params)) == []


class TestHeader:
    @pytest.fixture(autouse=True)
    def in_folder(self, tmp_path, monkeypatch):
        (tmp_path / "conf").symlink_to(CONF)
        monkeypatch.chdir(tmp_path)

    def test_check_recomposes_with_the_recorded_overrides(self, capsys):
        assert module.main(["seed=11", "train=fast"]) == 0
        assert load_params().seed == 11
        assert module.main(["--check"]) == 0
        assert "seed=11" in capsys.readouterr().out

    def test_check_finds_an_edit(self, capsys):
        module.main([])
        path = Path("params.yaml")
        path.write_text(path.read_text().replace("seed: 7", "seed: 8"))
        assert module.main(["--check"]) == 1
        assert "not what conf/ gives" in capsys.readouterr().err

    def test_check_knows_a_file_that_dvc_exp_wrote(self, capsys):
        Path("params.yaml").write_text("seed: 7\n")
        assert module.main(["--check"]) == 1
        assert "was not written by compose" in capsys.readouterr().err

    def test_a_failed_compose_leaves_the_old_file(self, capsys):
        module.main([])
        before = Path("params.yaml").read_bytes()
        assert module.main(["seed=x"]) == 1
        assert Path("params.yaml").read_bytes() == before

    def test_loading_explains_a_missing_and_a_broken_file(self):
        with pytest.raises(ConfigError, match="params.yaml is missing"):
            load_params()
        Path("params.yaml").write_text("seed: [")
        with pytest.raises(ConfigError, match="not YAML"):
            load_params()
        Path("params.yaml").write_text(yaml.safe_dump({"seed": 1}))
        with pytest.raises(ConfigError, match="'routers' is missing"):
            load_params()
