"""Tiny models that the routers' tests share."""

import pytest
from factories import fit_context, fit_data, planted_table, tiny_base, tiny_packaged_router

from pointsman.routers import registry


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    return tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def context(base):
    return fit_context(base, train={"epochs": 8, "learning_rate": 5e-3})


@pytest.fixture(scope="session")
def table():
    return planted_table(250)


@pytest.fixture(scope="session")
def data(table, context):
    return fit_data(table, context.embed)


@pytest.fixture(scope="session")
def bert(data, context):
    return registry.fit("bert", data, context)


@pytest.fixture(scope="session")
def packaged_folder(tmp_path_factory):
    return tiny_packaged_router(tmp_path_factory.mktemp("packaged") / "router")
