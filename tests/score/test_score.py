import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from factories import fit_context, fit_data, planted_table, tiny_base, tiny_packaged_router

from pointsman.routers.files import RouterError
from pointsman.score import run as run_module
from pointsman.score.__main__ import main
from pointsman.score.run import Job, run
from pointsman.score.scorer import Scorer, Verdicts, make_scorer
from pointsman.tables.foreign import read_rows
from pointsman.tables.io import TableError


def score_by_length(texts):
    return Verdicts(np.array([min(len(text), 100) / 100 for text in texts]), ["short" for _ in texts])


LENGTH = Scorer("length", 0.1, "v1", score_by_length, has_routes=True)
NO_ROUTES = Scorer("length", 0.1, "v1", lambda texts: Verdicts(score_by_length(texts).score, None))


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(run_module, "CHUNK", 4)


def write(path, rows):
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return path


def queries(count=10):
    return [{"id": f"q{i}", "prompt": "x" * (i + 5), "note": f'käse, "{i}"\nsecond line'} for i in range(count)]


def score(tmp_path, source, output="out.jsonl", scorer=LENGTH, **options):
    job = Job(source, tmp_path / output, **options)
    count = run(job, scorer, quiet=True)
    return count, list(read_rows(job.output))


@pytest.mark.parametrize("source", ["in.jsonl", "in.csv", "in.parquet"])
@pytest.mark.parametrize("output", ["out.jsonl", "out.csv", "out.parquet"])
def test_every_format_is_read_and_written_with_all_columns(tmp_path, source, output):
    count, rows = score(tmp_path, write(tmp_path / source, queries()), output)
    assert count == len(rows) == 10
    assert [{key: row[key] for key in ("id", "prompt", "note")} for row in rows] == queries()
    assert [float(row["score"]) for row in rows] == pytest.approx([(i + 5) / 100 for i in range(10)])
    assert [row["route"] for row in rows] == ["weak"] * 6 + ["strong"] * 4
    assert list(rows[0]) == ["id", "prompt", "note", "score", "route", "best_route"]


def test_a_score_at_the_threshold_goes_to_weak(tmp_path):
    _, rows = score(tmp_path, write(tmp_path / "in.jsonl", queries(6)), threshold=0.1)
    assert rows[5]["score"] == 0.1
    assert rows[5]["route"] == "weak"


def test_the_threshold_can_be_given(tmp_path):
    _, rows = score(tmp_path, write(tmp_path / "in.jsonl", queries()), threshold=0.0)
    assert {row["route"] for row in rows} == {"strong"}


def test_best_route_is_added_only_where_the_router_has_routes(tmp_path):
    _, rows = score(tmp_path, write(tmp_path / "in.jsonl", queries()), scorer=NO_ROUTES)
    assert "best_route" not in rows[0]


def test_parquet_keeps_its_types(tmp_path):
    table = pa.table({"prompt": ["a", "b"], "tags": [["x"], None], "count": pa.array([1, None], pa.int8())})
    pq.write_table(table, tmp_path / "in.parquet")
    score(tmp_path, tmp_path / "in.parquet", "out.parquet", scorer=NO_ROUTES)
    schema = pq.read_schema(tmp_path / "out.parquet")
    assert [schema.field(name).type for name in table.column_names] == table.schema.types
    assert schema.names == ["prompt", "tags", "count", "score", "route"]


def test_columns_that_first_appear_later_are_kept(tmp_path):
    rows = [*queries(5), {"prompt": "later", "extra": {"a": 1}}]
    for output in ("out.csv", "out.parquet", "out.jsonl"):
        _, scored = score(tmp_path, write(tmp_path / "in.jsonl", rows), output)
        last = scored[-1]["extra"]
        assert (json.loads(last) if output == "out.csv" else last) == {"a": 1}


class Stop(Exception):
    pass


def stopping_after(chunks):
    """A scorer that is killed after so many chunks."""
    seen = []

    def killed(texts):
        if len(seen) == chunks:
            raise Stop
        seen.append(len(texts))
        return score_by_length(texts)

    return Scorer("length", 0.1, "v1", killed, has_routes=True)


@pytest.mark.parametrize("output", ["out.jsonl", "out.csv", "out.parquet"])
def test_a_killed_run_goes_on_and_gives_the_same_bytes(tmp_path, output):
    source = write(tmp_path / "in.csv", queries())
    score(tmp_path, source, f"whole-{output}")
    with pytest.raises(Stop):
        score(tmp_path, source, output, scorer=stopping_after(2))
    assert not (tmp_path / output).exists()
    rest = []

    def remember(texts):
        rest.extend(texts)
        return score_by_length(texts)

    score(tmp_path, source, output, scorer=Scorer("length", 0.1, "v1", remember, has_routes=True))
    assert len(rest) == 2
    assert (tmp_path / output).read_bytes() == (tmp_path / f"whole-{output}").read_bytes()
    assert not (tmp_path / f"{output}.partial").exists()


def test_an_input_that_changed_since_the_kill_is_detected(tmp_path):
    source = write(tmp_path / "in.jsonl", queries())
    with pytest.raises(Stop):
        score(tmp_path, source, scorer=stopping_after(1))
    write(source, queries(11))
    with pytest.raises(TableError, match=r"begun with another input .* Start over with --restart"):
        score(tmp_path, source)
    assert run(Job(source, tmp_path / "out.jsonl"), LENGTH, restart=True, quiet=True) == 11


@pytest.mark.parametrize(("change", "named"), [({"threshold": 0.7}, "threshold"), ({"prefix": "p_"}, "prefix")])
def test_an_option_that_changed_since_the_kill_is_detected(tmp_path, change, named):
    source = write(tmp_path / "in.jsonl", queries())
    with pytest.raises(Stop):
        score(tmp_path, source, scorer=stopping_after(1))
    with pytest.raises(TableError, match=f"begun with another {named}"):
        score(tmp_path, source, **change)


def test_another_router_since_the_kill_is_detected(tmp_path):
    source = write(tmp_path / "in.jsonl", queries())
    with pytest.raises(Stop):
        score(tmp_path, source, scorer=stopping_after(1))
    with pytest.raises(TableError, match="begun with another router"):
        score(tmp_path, source, scorer=Scorer("length", 0.1, "v2", score_by_length))


def test_conversations_are_read_as_the_router_reads_them(tmp_path):
    messages = [{"role": "user", "content": "first"}, {"role": "user", "content": "the last"}]
    read = []

    def remember(texts):
        read.extend(texts)
        return score_by_length(texts)

    scorer = Scorer("length", 0.1, "v1", remember)
    score(tmp_path, write(tmp_path / "in.jsonl", [{"messages": messages}]), scorer=scorer)
    score(tmp_path, write(tmp_path / "in.csv", [{"messages": json.dumps(messages)}]), scorer=scorer)
    assert read == ["the last", "the last"]


BAD = {
    r"row 2, column 'prompt': found '  ', expected text that is not blank": [{"prompt": "a"}, {"prompt": "  "}],
    r"row 2, column 'prompt': found None, expected text that is not blank": [{"prompt": "a"}, {"prompt": None}],
    r"row 1, column 'prompt': found 7, expected text": [{"prompt": 7}],
    r"row 6, column 'prompt': no such column among query\. Name it with --text-column": [
        *[{"prompt": "a"}] * 5,
        {"query": "a"},
    ],
    r"row 1, column 'messages': found 7, expected a list": [{"messages": 7}],
    r"row 1, column 'messages': not JSON": [{"messages": "[{"}],
    r"row 1, column 'messages': found .*, expected a list": [{"messages": [{"role": "user", "content": 5}]}],
    r"row 1, column 'prompt': found .*d83d.*, expected text that UTF-8 can hold": [{"prompt": "hi \ud83d"}],
    r"already has a column 'score'\. Name the new ones with --prefix": [{"prompt": "a", "score": 1}],
}


@pytest.mark.parametrize("message", BAD)
def test_a_bad_row_is_named_by_file_row_and_column(tmp_path, message):
    with pytest.raises(TableError, match=rf"in\.jsonl.*{message}"):
        score(tmp_path, write(tmp_path / "in.jsonl", BAD[message]))
    assert not (tmp_path / "out.jsonl").exists()


def test_a_prefix_avoids_a_clash(tmp_path):
    _, rows = score(tmp_path, write(tmp_path / "in.jsonl", [{"prompt": "a", "score": 1}]), prefix="router_")
    assert (rows[0]["score"], rows[0]["router_score"]) == (1, 0.01)


def test_the_text_column_can_be_named(tmp_path):
    _, rows = score(tmp_path, write(tmp_path / "in.csv", [{"question": "abc"}]), text_column="question")
    assert rows[0]["score"] == 0.03


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("in.csv", "prompt,note\na\n", r"in\.csv, row 1 .line 2.: found 1 fields, expected 2"),
        ("in.csv", "prompt,prompt\na,b\n", "repeat, expected different ones"),
        ("in.csv", 'prompt\n"a" b\n', r"in\.csv, line 2: not CSV"),
        ("in.jsonl", '{"prompt": "a"}\n[1]\n', r"in\.jsonl, line 2: found list"),
        ("in.parquet", "no", r"in\.parquet: not a Parquet file"),
        ("in.txt", "a", r"in\.txt: found suffix '\.txt', expected one of \.jsonl, \.csv, \.parquet"),
        ("in.jsonl", "", "holds no rows"),
        ("in.csv", "prompt\n", "holds no rows"),
    ],
)
def test_a_broken_file_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(TableError, match=message):
        score(tmp_path, tmp_path / name)


def test_a_byte_order_mark_is_no_part_of_a_column_name(tmp_path):
    (tmp_path / "in.csv").write_bytes(b"\xef\xbb\xbfprompt\r\nabc\r\n")
    assert score(tmp_path, tmp_path / "in.csv")[1][0]["prompt"] == "abc"


def test_the_input_is_never_overwritten(tmp_path):
    source = write(tmp_path / "in.jsonl", queries())
    with pytest.raises(TableError, match="is the input itself"):
        run(Job(source, source), LENGTH, quiet=True)


def test_a_missing_input_is_named(tmp_path):
    with pytest.raises(TableError, match=r"none\.csv is missing"):
        run(Job(tmp_path / "none.csv", tmp_path / "out.csv"), LENGTH, quiet=True)


@pytest.fixture(scope="module")
def semantic_folder(tmp_path_factory):
    return tiny_packaged_router(tmp_path_factory.mktemp("semantic") / "router", "semantic", threshold=0.4)


def test_a_packaged_router_brings_its_threshold_and_routes(semantic_folder, tmp_path):
    scorer = make_scorer(str(semantic_folder), tmp_path / "params.yaml")
    verdicts = scorer.score(["write a python function", "what is the capital of the country"])
    assert scorer.threshold == 0.4
    assert set(verdicts.best_route) <= {"coding", "factual"}
    assert ((verdicts.score >= 0) & (verdicts.score <= 1)).all()


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Trained routers in models/ under the working folder, and parameters that name the tiny encoder."""
    from factories import tiny_bert_router

    from pointsman.config import params
    from pointsman.routers import registry

    known = params.load_params()
    monkeypatch.chdir(tmp_path)
    base = tiny_base(tmp_path / "base")
    context = fit_context(base)
    for name in ("semantic", "stack"):
        registry.fit(name, fit_data(planted_table(20), context.embed), context).save(tmp_path / "models" / name)
    tiny_bert_router(base).save(tmp_path / "models/bert")
    embedder = context.embedder.model_copy(update={"weights": str(base)})
    stack = context.router.stack.model_copy(update={"encoder": embedder})
    router = context.router.model_copy(update={"stack": stack})
    loaded = known.model_copy(update={"embedder": embedder, "router": router, "weights": {}})
    monkeypatch.setattr(params, "load_params", lambda path: loaded)
    return tmp_path


def test_bare_names_mean_the_trained_models(trained):
    for name, has_routes in (("semantic", True), ("bert", False), ("stack", False)):
        scorer = make_scorer(name, trained / "params.yaml")
        verdicts = scorer.score(["write a loop", "what is the capital"])
        assert scorer.threshold == 0.5
        assert (verdicts.best_route is not None) == has_routes
        assert verdicts.score.shape == (2,)


def test_semantic_without_a_trained_model_uses_the_priors(trained):
    (trained / "models/semantic/router.json").unlink()
    verdicts = make_scorer("semantic", trained / "params.yaml").score(["write a python function"])
    assert 0.2 <= verdicts.score[0] <= 0.7


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("llm", "llm is compared only"),
        ("length", "length is compared only"),
        ("bert", r"models/bert/router\.json is missing.*dvc repro train@bert"),
        ("nowhere", r"router is 'nowhere'.*expected semantic, bert, stack, knn or a router's folder"),
    ],
)
def test_a_router_that_is_not_there_is_refused(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RouterError, match=message):
        make_scorer(name, tmp_path / "params.yaml")


def test_the_command_scores_a_file_and_says_how_many(semantic_folder, tmp_path, monkeypatch, capsys):
    source, output = write(tmp_path / "in.csv", queries(3)), tmp_path / "out.csv"
    words = ["--router", str(semantic_folder), "--input", str(source), "--output", str(output), "--threshold", "1"]
    monkeypatch.setattr("sys.argv", ["score", *words])
    main()
    assert f"{output}: 3 queries scored" in capsys.readouterr().out
    assert [row["route"] for row in read_rows(output)] == ["weak"] * 3


def test_a_threshold_outside_its_range_is_refused(monkeypatch, capsys):
    for wrong in ("50", "high"):
        monkeypatch.setattr("sys.argv", ["score", "--router=r", "--input=i", "--output=o", f"--threshold={wrong}"])
        with pytest.raises(SystemExit, match="2"):
            main()
        assert f"'{wrong}' is not a number between 0 and 1" in capsys.readouterr().err
