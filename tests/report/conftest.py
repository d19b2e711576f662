"""One project on disk for the tests that only read it."""

import pytest
from report_cases import HOSTILE, make_dataset, settings, write_project

from pointsman.report.build import build_report
from pointsman.report.inputs import read_inputs


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("project")
    write_project(root, make_dataset())
    return root


@pytest.fixture(scope="session")
def inputs(project):
    return read_inputs(project, settings())


@pytest.fixture(scope="session")
def report(inputs):
    return build_report(inputs)


@pytest.fixture(scope="session")
def hostile_report(tmp_path_factory):
    """Every string that strangers write is hostile: queries, answers, categories, sources, names, warnings."""
    root = tmp_path_factory.mktemp("hostile")
    dataset = make_dataset(80, categories=(HOSTILE, "plain"))
    write_project(root, dataset.assign(text=HOSTILE + dataset["id"], family=HOSTILE), answer=HOSTILE)
    hostile = settings(title=HOSTILE)
    pair = hostile.pair.model_copy(update={"name": HOSTILE})
    read = read_inputs(root, settings(title=HOSTILE, pair=pair, sample_decisions=4))
    return build_report(read)
