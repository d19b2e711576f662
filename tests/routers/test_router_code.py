import pytest

from pointsman.routers.files import CODE, folder_sha256


@pytest.fixture
def package(tmp_path):
    (tmp_path / "routers" / "deep").mkdir(parents=True)
    (tmp_path / "routers" / "a.py").write_text("A = 1\n")
    (tmp_path / "routers" / "deep" / "b.py").write_text("B = 1\n")
    (tmp_path / "other.py").write_text("C = 1\n")
    return tmp_path


def rename(package):
    (package / "routers" / "a.py").rename(package / "routers" / "z.py")


def edit(package):
    (package / "routers" / "deep" / "b.py").write_text("B = 2\n")


@pytest.mark.parametrize("change", [rename, edit])
def test_other_code_has_another_name(package, change):
    before = folder_sha256(package / "routers", "*.py")
    change(package)
    assert folder_sha256(package / "routers", "*.py") != before


def test_code_of_other_folders_and_compiled_files_do_not_matter(package):
    before = folder_sha256(package / "routers", "*.py")
    (package / "other.py").write_text("C = 2\n")
    (package / "routers" / "a.pyc").write_bytes(b"compiled")
    assert folder_sha256(package / "routers", "*.py") == before


def test_the_routers_are_found():
    assert folder_sha256(CODE, "*.py") != folder_sha256(CODE / "no such folder", "*.py")
