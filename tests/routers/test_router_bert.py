import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from factories import HIDDEN, fit_context, fit_data, planted_table
from sklearn.metrics import roc_auc_score
from transformers import TrainerControl, TrainerState

from pointsman.routers import registry
from pointsman.routers.baselines import shuffle_labels
from pointsman.routers.bert.data import Rows
from pointsman.routers.bert.model import ScoreModel, from_base, mean_pool, read_model, write_model
from pointsman.routers.bert.router import load
from pointsman.routers.bert.scoring import raw_scores
from pointsman.routers.bert.train import KeepBest, split_watched
from pointsman.routers.files import RouterError

UNSEEN = planted_table(150, seed=99)
UNSEEN_TEXTS = list(UNSEEN["text"])
UNSEEN_EVENT = UNSEEN["gain"] > 0


def test_a_planted_signal_is_learned(bert):
    assert roc_auc_score(UNSEEN_EVENT, bert.scores(UNSEEN_TEXTS).score) > 0.8


def test_shuffled_labels_teach_nothing(table, context):
    router = registry.fit("bert", shuffle_labels(fit_data(table), seed=5), context)
    assert roc_auc_score(UNSEEN_EVENT, router.scores(UNSEEN_TEXTS).score) == pytest.approx(0.5, abs=0.2)


def test_probabilities_agree_with_what_happened(bert):
    assert bert.scores(UNSEEN_TEXTS).score.mean() == pytest.approx(UNSEEN_EVENT.mean(), abs=0.1)


def test_a_query_scores_alike_alone_and_in_any_batch(bert):
    together = bert.scores(UNSEEN_TEXTS[:20]).score
    assert bert.scores(UNSEEN_TEXTS[19::-1]).score[::-1] == pytest.approx(together, abs=1e-5)
    assert [bert.scores([text]).score[0] for text in UNSEEN_TEXTS[:20]] == pytest.approx(together, abs=1e-5)


def test_the_raw_score_is_predicted_strong_less_predicted_weak(bert):
    predicted = bert.encoder.predict(UNSEEN_TEXTS[:5])
    assert predicted.shape == (5, 2)
    assert bert.scores(UNSEEN_TEXTS[:5]).raw == pytest.approx(predicted[:, 1] - predicted[:, 0])
    assert raw_scores(np.array([[0.25, 0.75]])).tolist() == [0.5]


def test_the_history_tells_losses_and_the_best_epoch_but_no_clock(bert):
    history = bert.encoder.history
    losses = [epoch["watched_loss"] for epoch in history["epochs"]]
    assert history["best_epoch"] == 1 + int(np.argmin(losses))
    assert history["train_rows"] + history["watched_rows"] == 200
    assert set(history) == {"train_rows", "watched_rows", "best_epoch", "epochs"}


def test_training_stops_when_the_watched_loss_no_longer_falls(table, base):
    context = fit_context(base, train={"epochs": 30, "learning_rate": 0.2, "patience": 1})
    history = registry.fit("bert", shuffle_labels(fit_data(table), seed=5), context).encoder.history
    assert len(history["epochs"]) == history["best_epoch"] + 1 < 30


def evaluate(losses, **options):
    """What is kept, and after which epoch training is told to stop, when these losses are watched."""
    best = KeepBest(**{"patience": 2, "tolerance": 0.01, **options})
    for epoch, loss in enumerate(losses, start=1):
        model = torch.nn.Linear(1, 1)
        model.bias.data.fill_(epoch)
        control = TrainerControl()
        best.on_evaluate(None, TrainerState(epoch=epoch), control, metrics={"eval_loss": loss}, model=model)
        if control.should_training_stop:
            break
    return best.epoch, best.weights["bias"].item(), epoch


def test_of_epochs_with_nearly_the_least_loss_the_latest_is_kept():
    assert evaluate([0.50, 0.52, 0.505]) == (3, 3.0, 3)
    assert evaluate([0.50, 0.52, 0.52]) == (1, 1.0, 3)
    assert evaluate([0.50, 0.505], tolerance=0.0) == (1, 1.0, 2)


def test_training_is_told_to_stop_after_as_many_epochs_as_patience_without_a_new_least():
    assert evaluate([0.5, 0.6, 0.7, 0.1]) == (1, 1.0, 3)
    assert evaluate([0.5, 0.6, 0.4, 0.5, 0.6, 0.1]) == (3, 3.0, 5)


def test_training_that_diverges_is_an_error(table, base):
    context = fit_context(base, train={"epochs": 2, "learning_rate": 1e30})
    with pytest.raises(RouterError, match=r"training diverged.*Lower router\.bert\.train\.learning_rate"):
        registry.fit("bert", fit_data(table), context)


def test_equal_seeds_write_equal_bytes_and_other_seeds_others(table, base, tmp_path):
    for name, seed in (("one", 1), ("two", 1), ("three", 2)):
        context = fit_context(base, seed=seed, train={"epochs": 2})
        registry.fit("bert", fit_data(table), context).save(tmp_path / name)
    hashes = {name: digest(tmp_path / name / "model.safetensors") for name in ("one", "two", "three")}
    assert hashes["one"] == hashes["two"] != hashes["three"]
    assert (tmp_path / "one" / "history.json").read_bytes() == (tmp_path / "two" / "history.json").read_bytes()
    assert (tmp_path / "one" / "router.json").read_bytes() == (tmp_path / "two" / "router.json").read_bytes()


def test_a_saved_router_scores_alike_and_holds_no_pickle(bert, tmp_path):
    bert.save(tmp_path)
    assert load(tmp_path).scores(UNSEEN_TEXTS).score.tolist() == bert.scores(UNSEEN_TEXTS).score.tolist()
    assert {path.name for path in tmp_path.iterdir()} == {
        "config.json",
        "history.json",
        "model.safetensors",
        "router.json",
        "tokenizer.json",
    }


def test_heads_start_at_the_base_rates(base):
    model = from_base(base)
    model.start_at([0.2, 0.9])
    assert torch.sigmoid(model.head.bias).tolist() == pytest.approx([0.2, 0.9])
    model.start_at([0.0, 1.0])
    assert torch.sigmoid(model.head.bias).tolist() == pytest.approx([0.01, 0.99])


def test_soft_scores_are_labels_too(base):
    model = from_base(base).eval()
    ids, mask = torch.tensor([[2, 5, 3]]), torch.ones(1, 3, dtype=torch.long)
    logits = model(ids, mask)["logits"]
    loss = model(ids, mask, labels=torch.tensor([[0.25, 0.75]]))["loss"]
    p = torch.sigmoid(logits)[0]
    expected = -(0.25 * p[0].log() + 0.75 * (1 - p[0]).log() + 0.75 * p[1].log() + 0.25 * (1 - p[1]).log()) / 2
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_padding_does_not_count_in_the_mean():
    states = torch.tensor([[[1.0], [3.0], [100.0]]])
    assert mean_pool(states, torch.tensor([[1, 1, 0]])).tolist() == [[2.0]]


def test_the_encoders_pooler_is_left_out(base):
    assert not [name for name, _ in from_base(base).named_parameters() if "pooler" in name]
    assert isinstance(from_base(base), ScoreModel)
    assert from_base(base).head.in_features == HIDDEN


def test_the_watched_rows_are_a_share_of_train_and_no_row_is_in_both():
    rows = Rows([[index] for index in range(100)], np.zeros((100, 2), np.float32))
    train, watched = split_watched(rows, 0.1, seed=4)
    assert (len(train), len(watched)) == (90, 10)
    assert sorted(ids[0] for ids in [*train.tokens, *watched.tokens]) == list(range(100))
    assert split_watched(rows, 0.1, seed=4)[1].tokens == watched.tokens
    assert split_watched(rows, 0.1, seed=5)[1].tokens != watched.tokens


def test_too_few_queries_are_refused(base):
    with pytest.raises(RouterError, match="train has 8 queries, expected 10 or more"):
        registry.fit("bert", fit_data(planted_table(10)), fit_context(base))


def test_queries_longer_than_the_base_has_positions_for_are_refused(data, base):
    context = fit_context(base)
    longer = context.router.bert.model_copy(update={"max_tokens": 65})
    context = replace(context, router=context.router.model_copy(update={"bert": longer}))
    with pytest.raises(RouterError, match="max_tokens is 65, but the encoder reads 64 tokens at most"):
        registry.fit("bert", data, context)


def test_a_base_that_is_no_encoder_is_refused_with_the_conf_line(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(RouterError, match=r"cannot be loaded.*Set `router\.bert\.base` in conf/"):
        from_base(tmp_path)


def test_a_damaged_model_is_refused_with_the_command(bert, tmp_path):
    bert.save(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 64)
    with pytest.raises(RouterError, match=r"holds no trained encoder.*dvc repro train@bert"):
        load(tmp_path)


@pytest.mark.slow
def test_two_processes_train_one_model_and_only_the_first_writes(base, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        "import os, sys\n"
        "from pathlib import Path\n"
        "from factories import fit_context, fit_data, planted_table\n"
        "from pointsman.routers import registry\n"
        f"context = fit_context(Path({str(base)!r}), train={{'epochs': 2}})\n"
        "router = registry.fit('bert', fit_data(planted_table(80)), context)\n"
        f"router.save(Path({str(tmp_path)!r}) / 'model')\n"
        "weights = router.encoder.model.head.weight.sum().item()\n"
        f"Path({str(tmp_path)!r}, f'rank-{{os.environ[\"RANK\"]}}').write_text(repr(weights))\n"
    )
    path = os.pathsep.join([str(Path(__file__).parents[1]), str(Path(__file__).parents[2])])
    command = "-m accelerate.commands.launch --multi_gpu --num_processes 2 --num_machines 1 --mixed_precision no"
    done = subprocess.run(
        [sys.executable, *command.split(), "--dynamo_backend", "no", "--main_process_port", "0", str(script)],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "rank-0").read_text() == (tmp_path / "rank-1").read_text()
    history = json.loads((tmp_path / "model" / "history.json").read_text())
    assert history["train_rows"] + history["watched_rows"] == 64
    assert load(tmp_path / "model").scores(["write a function"]).score.shape == (1,)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_only_the_lowest_layers_of_the_base_are_used_where_conf_says_so(base, tmp_path):
    whole, cut = from_base(base), from_base(base, layers=1)
    lower = {name for name in whole.state_dict() if "layer.1." not in name}
    assert set(cut.state_dict()) == lower < set(whole.state_dict())
    write_model(tmp_path, cut)
    assert set(read_model(tmp_path).state_dict()) == lower


def test_layers_below_the_frozen_ones_keep_their_weights(table, base):
    context = fit_context(base, train={"epochs": 1, "frozen_layers": 1, "learning_rate": 0.01})
    tuned, found = (
        model.state_dict() for model in (registry.fit("bert", fit_data(table), context).encoder.model, from_base(base))
    )
    kept = {name for name, weights in tuned.items() if torch.equal(weights, found[name])}
    frozen = {name for name in tuned if name.startswith("encoder.embeddings.") or ".layer.0." in name}
    assert frozen <= kept
    assert not any(".layer.1." in name and "weight" in name for name in kept)


def test_more_layers_than_the_base_has_are_refused(base):
    with pytest.raises(RouterError, match=r"layers is 3, but the encoder has 2, .*router\.bert\.layers=null"):
        from_base(base, layers=3)


def test_more_frozen_layers_than_there_are_above_are_refused(base):
    with pytest.raises(RouterError, match=r"frozen_layers is 2, but the encoder has 2 layers"):
        from_base(base).freeze(2)
