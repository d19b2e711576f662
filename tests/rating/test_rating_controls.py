"""Each control against a judge whose fault is known, over HTTP, and against one without faults."""

from pathlib import Path

import numpy as np
import pytest
from pytest_httpserver import HTTPServer
from simulated_judge import Case, SimulatedJudge, judged, make_case, said

from pointsman.evaluation.intervals import Resampling
from pointsman.evaluation.judging import JudgeMeasures, measure_judge

HOW = Resampling(resamples=400, confidence=0.95, seed=7)
PAIRS = 80


@pytest.fixture(autouse=True)
def no_addresses_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("P_BASE_URL", raising=False)


@pytest.fixture(scope="module")
def case() -> Case:
    return make_case(PAIRS, referenced=PAIRS)


def measured(
    case: Case, judge: SimulatedJudge, server: HTTPServer, root: Path, mode: str, **settings: object
) -> JudgeMeasures:
    rated = judged(case, judge, server, root, mode=mode, validate_on=PAIRS, **settings)
    return measure_judge(said(rated), case.chars, ["strong"], HOW)


@pytest.mark.parametrize(
    ("mode", "leans", "found"),
    [
        ("pairwise", None, set()),
        ("pairwise", "first", {"first"}),
        ("pairwise", "longer", {"longer"}),
        ("pairwise", "own", {"own"}),
        ("single", None, set()),
        ("single", "longer", {"longer"}),
        ("single", "own", {"own"}),
    ],
)
def test_each_control_finds_its_bias_and_no_other(
    mode: str, leans: str | None, found: set[str], case: Case, httpserver: HTTPServer, tmp_path: Path
) -> None:
    measures = measured(case, SimulatedJudge(leans=leans), httpserver, tmp_path, mode)
    controls = {"longer", "own"} | ({"first"} if mode == "pairwise" else set())
    assert {lean.side for lean in measures.leans} == controls
    assert {lean.side for lean in measures.leans if lean.is_found} == found
    assert all(lean.value > 0.3 for lean in measures.leans if lean.is_found)
    assert all(lean.controlled for lean in measures.leans)


def test_a_bias_for_the_first_position_ends_in_ties(case: Case, httpserver: HTTPServer, tmp_path: Path) -> None:
    plain = make_case(PAIRS, referenced=0)
    rated = judged(plain, SimulatedJudge(leans="first"), httpserver, tmp_path, mode="pairwise")
    weak, strong = plain.right["weak"], plain.right["strong"]
    scores = {role: [row["score"] for row in rated.rows if row["role"] == role] for role in ("weak", "strong")}
    expected = np.where(weak == strong, 0.5, strong.astype(float))
    assert scores["strong"] == list(expected)
    assert scores["weak"] == list(1 - expected)


def test_a_judge_that_sees_all_agrees_fully_and_a_blind_one_not_at_all(
    case: Case, httpserver: HTTPServer, tmp_path: Path
) -> None:
    sharp = measured(case, SimulatedJudge(), httpserver, tmp_path / "sharp", "single").agreement
    blind_judge = SimulatedJudge(sensitivity=0.5, specificity=0.5)
    blind = measured(case, blind_judge, httpserver, tmp_path / "blind", "single").agreement
    assert sharp is not None
    assert blind is not None
    assert sharp.kappa.value is not None
    assert sharp.kappa.value > 0.9
    assert not sharp.is_poor
    assert blind.is_poor
    assert sharp.confusion.sum() == blind.confusion.sum() == 2 * PAIRS


def test_the_corrected_share_covers_the_truth_where_the_raw_one_does_not(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    both = make_case(400, referenced=200)
    judge = SimulatedJudge(sensitivity=0.85, specificity=0.7)
    rated = judged(both, judge, httpserver, tmp_path, validate_on=200)
    shares = {share.event: share for share in measure_judge(said(rated), both.chars, [], HOW).shares}
    assert set(shares) == {"weak", "strong"}
    for role, share in shares.items():
        truth = float(both.right[role][200:].mean())
        low, high = share.corrected.ci or (0.0, 0.0)
        assert share.n == 200
        assert low <= truth <= high
        assert high - low < 0.4
    weak = shares["weak"]
    assert weak.judged is not None
    half = 1.96 * float(np.sqrt(weak.judged * (1 - weak.judged) / weak.n))
    assert weak.judged - half > both.right["weak"][200:].mean()


def test_pairs_give_the_share_of_queries_where_strong_is_better(httpserver: HTTPServer, tmp_path: Path) -> None:
    both = make_case(240, referenced=120)
    judge = SimulatedJudge(sensitivity=0.9, specificity=0.8)
    rated = judged(both, judge, httpserver, tmp_path, mode="pairwise", validate_on=120)
    measures = measure_judge(said(rated), both.chars, [], HOW)
    [share] = measures.shares
    truth = float((both.right["strong"] & ~both.right["weak"])[120:].mean())
    low, high = share.corrected.ci or (0.0, 0.0)
    assert share.event == "strong is better"
    assert low <= truth <= high
    assert measures.agreement is not None
    assert measures.agreement.labels == ("weak", "tie", "strong")


@pytest.mark.parametrize(("moods", "low", "high"), [(False, 1.0, 1.0), (True, 0.3, 0.7)])
def test_repeats_show_whether_the_judge_repeats_itself(
    moods: bool, low: float, high: float, httpserver: HTTPServer, tmp_path: Path
) -> None:
    few = make_case(40, referenced=0)
    judge = SimulatedJudge(moods=moods)
    rated = judged(few, judge, httpserver, tmp_path, repeat_on=20, repeats=2)
    measures = measure_judge(said(rated), few.chars, [], HOW)
    assert measures.repeats == 20 * 2 * 2
    assert len(judge.asked) == 40 * 2 + measures.repeats
    assert low <= (measures.same or 0.0) <= high


class TestForms:
    @pytest.fixture
    def few(self) -> Case:
        return make_case(4, referenced=0)

    @pytest.mark.parametrize(
        ("refuses", "form"),
        [((), "json_schema"), (("json_schema",), "json_object"), (("json_schema", "json_object"), "text")],
    )
    def test_a_refused_form_gives_way_to_a_laxer_one_and_is_not_asked_for_again(
        self, refuses: tuple[str, ...], form: str, few: Case, httpserver: HTTPServer, tmp_path: Path
    ) -> None:
        judge = SimulatedJudge(refuses=refuses)
        first = judged(few, judge, httpserver, tmp_path)
        assert {row["form"] for row in first.judgements} == {form}
        assert all(row["error"] is None for row in first.rows)
        asked = len(judge.asked)
        again = judged(few, judge, httpserver, tmp_path, on_miss="fail")
        assert again == first
        assert len(judge.asked) == asked

    def test_the_form_once_taken_is_kept_for_new_queries(
        self, few: Case, httpserver: HTTPServer, tmp_path: Path
    ) -> None:
        judged(few, SimulatedJudge(refuses=("json_schema",)), httpserver, tmp_path)
        more, now_able = make_case(6, referenced=0), SimulatedJudge()
        rated = judged(more, now_able, httpserver, tmp_path)
        assert {row["form"] for row in rated.judgements} == {"json_object"}

    def test_an_unreadable_verdict_is_shown_to_the_judge_once(
        self, few: Case, httpserver: HTTPServer, tmp_path: Path
    ) -> None:
        judge = SimulatedJudge(babbles=True)
        rated = judged(few, judge, httpserver, tmp_path)
        assert all(row["error"] is None for row in rated.rows)
        assert all(row["repaired"] for row in rated.judgements)
        repair = judge.asked[-1]["messages"]
        assert [message["role"] for message in repair] == ["user", "assistant", "user"]
        assert repair[1]["content"] == "Well, it is rather good I would say."
        assert "gave no rating" in repair[2]["content"]
        assert len(judge.asked) == 2 * len(rated.rows)

    def test_a_host_that_finds_no_json_in_one_answer_does_not_stop_the_rest(
        self, few: Case, httpserver: HTTPServer, tmp_path: Path
    ) -> None:
        rated = judged(few, SimulatedJudge(chokes=True), httpserver, tmp_path)
        assert [row["error"] for row in rated.rows] == [None] * 8
        assert {(row["form"], row["repaired"]) for row in rated.judgements} == {("json_schema", True)}
