"""Tiny models, tables and contexts, made on the spot: no weights are fetched."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from pointsman.config.llm import Candidate
from pointsman.config.routers import (
    BertConfig,
    EmbedderConfig,
    KnnConfig,
    LlmRouterConfig,
    Route,
    RoutersConfig,
    SemanticConfig,
    StackConfig,
    TrainConfig,
)
from pointsman.routers.fitting import FitContext, FitData

VOCABULARY = """
what is the capital of write a function that sorts list sum two three four five numbers city country river
python code loop easy hard puzzle train hours red green blue apple house date name which how many word
"""
WORDS = VOCABULARY.split()
HIDDEN = 16
MAX_TOKENS = 32


def tiny_base(folder: Path, seed: int = 0) -> Path:
    """An encoder of 16 dimensions with random weights, as a base for bert and as a sentence encoder."""
    import torch
    from transformers import BertConfig as Architecture
    from transformers import BertModel

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer()
    architecture = Architecture(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=HIDDEN,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = BertModel(architecture)
        for parameter in model.embeddings.word_embeddings.parameters():
            torch.nn.init.normal_(parameter, std=0.5)  # wide enough for texts to differ
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    _write_sentence_settings(folder)
    return folder


def _tokenizer():
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789"]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys([*WORDS, *letters])]
    tokens += [f"##{letter}" for letter in letters]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")]
    )
    return tokenizer


def _write_sentence_settings(folder: Path) -> None:
    special = {name: f"[{name[:-6].upper()}]" for name in ("unk_token", "sep_token", "pad_token", "cls_token")}
    files = {
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 64, **special},
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": HIDDEN, "pooling_mode_mean_tokens": True},
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content))


def routers_config(**train: object) -> RoutersConfig:
    """Settings of every router for tiny models; keywords override those of training."""
    settings = {
        "epochs": 3,
        "batch_size": 16,
        "learning_rate": 1e-3,
        "warmup_share": 0.1,
        "weight_decay": 0.01,
        "patience": 2,
        "watch_share": 0.1,
        "watch_tolerance": 0.0,
        "frozen_layers": 0,
        "calibration": "platt",
    }
    trained = TrainConfig(**{**settings, **train})
    routes = [
        Route(name="coding", description="code", examples=["write a python function", "a loop in code"], prior=0.7),
        Route(name="factual", description="facts", examples=["what is the capital of the country"], prior=0.2),
    ]
    return RoutersConfig(
        semantic=SemanticConfig(neighbours=2, temperature=0.1, prior_weight=5, routes=routes),
        llm=LlmRouterConfig(
            candidate=Candidate(provider="local", model="tiny"),
            prompt="prompts/llm_router.txt",
            labels={"A": 0.0, "B": 1.0},
            max_prompt_chars=200,
            max_tokens=1,
            top_logprobs=5,
            max_failed_share=0.5,
        ),
        bert=BertConfig(base="tiny", layers=None, max_tokens=MAX_TOKENS, train=trained),
        knn=KnnConfig(neighbours=5),
        stack=StackConfig(
            trees=20,
            depth=12,
            leaf_queries=2,
            feature_share=0.5,
            neighbours=10,
            encoder=EmbedderConfig(weights="tiny", layers=1, max_tokens=MAX_TOKENS, batch_size=16),
        ),
    )


def fit_context(base: Path | None = None, **options: object) -> FitContext:
    """A context over tiny models; `train` overrides settings of training."""
    from pointsman.routers.embedding import Embedder

    config = routers_config(**options.pop("train", {}))
    embedder = EmbedderConfig(weights="tiny", layers=None, max_tokens=MAX_TOKENS, batch_size=16)
    defaults = {"seed": 7, "quiet": True, "base": base, "embed": base and Embedder(base, MAX_TOKENS, 16)}
    return FitContext(router=config, embedder=embedder, **{**defaults, **options})


def planted_table(count: int, seed: int = 0) -> pd.DataFrame:
    """Rows of the DATASET table whose gain is 1 if and only if the query says "hard"; four fifths are train."""
    generator = np.random.default_rng(seed)
    hard = generator.random(count) < 0.4
    texts = [
        " ".join([*generator.choice(WORDS[:20], 6), "hard" if flag else "easy", *generator.choice(WORDS[:20], 3)])
        for flag in hard
    ]
    return pd.DataFrame(
        {
            "id": [f"q{index:04d}" for index in range(count)],
            "text": texts,
            "category": "reasoning",
            "family": "planted",
            "difficulty": None,
            "split": ["validation" if index % 5 == 4 else "train" for index in range(count)],
            "weak_score": 1.0 - hard.astype(float),
            "strong_score": 1.0,
            "gain": hard.astype(float),
            "weak_cost": 1.0,
            "strong_cost": 4.0,
        }
    )


def fit_data(table: pd.DataFrame, embed=None) -> FitData:
    """Train and validation rows with embeddings: the encoder's, else zeros."""
    parts = {split: table[table["split"] == split].reset_index(drop=True) for split in ("train", "validation")}
    vectors = {
        split: embed(list(part["text"])) if embed else np.zeros((len(part), HIDDEN), np.float32)
        for split, part in parts.items()
    }
    return FitData(parts["train"], parts["validation"], vectors["train"], vectors["validation"])


def tiny_bert_router(base: Path):
    """An untrained bert router whose scores of short texts spread around 0.5."""
    import torch

    from pointsman.routers.bert.data import base_tokenizer
    from pointsman.routers.bert.encoder import TunedEncoder
    from pointsman.routers.bert.model import from_base
    from pointsman.routers.bert.router import BertRouter
    from pointsman.routers.calibration import Calibration

    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = from_base(base).eval()
    encoder = TunedEncoder(model, base_tokenizer(base, MAX_TOKENS), MAX_TOKENS)
    raw = BertRouter(encoder, Calibration("platt")).scores(WORDS).raw
    slope = 1.0 / float(raw.std())
    return BertRouter(encoder, Calibration("platt", slope, -slope * float(raw.mean())))


def tiny_packaged_router(
    folder: Path, name: str = "bert", threshold: float = 0.5, serving: dict | None = None, **train: object
) -> Path:
    """A packaged tiny router in `folder`: bert, semantic, stack or knn, with `serving` as its serving.json."""
    import tempfile

    from pointsman.routers.card import Card
    from pointsman.routers.package import package
    from pointsman.routers.registry import fit

    with tempfile.TemporaryDirectory() as temporary:
        base = tiny_base(Path(temporary) / "base")
        context = fit_context(base, train=train)
        table = planted_table(40)
        router = tiny_bert_router(base) if name == "bert" else fit(name, fit_data(table, context.embed), context)
        router.save(Path(temporary) / "trained")
        package(
            Path(temporary) / "trained",
            folder,
            threshold=threshold,
            texts=list(table["text"][:8]),
            card=Card(weak="small", strong="large", counts={"train": 32}, metrics={"apgr": 0.6, "cpt80": None}),
            embedder=context.embed,
            extras={"serving.json": serving} if serving else None,
        )
    return folder
