"""What a reader did to a notebook is kept, what he did not touch is brought up to date."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

from tools import keeping, lab, notebooks
from tools.chapters import Chapter
from tools.keeping import Unusable, refresh

NAMES = ("files/links", "desk")


def version(name: str, text: str = "") -> str:
    """The notebook of the chapter ``name`` in a version of the book in which its text ends with ``text``."""
    chapter = Chapter(name)
    object.__setattr__(chapter, "text", chapter.text + text)
    return notebooks.notebook(chapter)


@pytest.fixture(scope="module")
def old() -> dict[str, str]:
    return {name: version(name) for name in NAMES}


@pytest.fixture(scope="module")
def new() -> dict[str, str]:
    return {name: version(name, "\nA newer sentence.\n") for name in NAMES}


@pytest.fixture
def folder(tmp_path: Path, old: dict[str, str]) -> Path:
    """Where the old version was written."""
    refresh(tmp_path / "work", old)
    return tmp_path / "work"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def save(path: Path, edit: bool = False, outputs: bool = False) -> bytes:
    """Save the notebook as Jupyter does, after an edit, with outputs, or neither; the file's bytes."""
    nb = nbformat.read(path, as_version=4)
    cell = next(cell for cell in nb.cells if cell.cell_type == "code")
    if edit:
        cell.source += "\n# my answer"
    if outputs:
        cell.execution_count, cell.outputs = 1, [nbformat.v4.new_output("stream", name="stdout", text="my machine's answer")]
    nbformat.write(nb, path)
    return path.read_bytes()


def test_what_nobody_touched_is_brought_up_to_date(folder: Path, new: dict[str, str]) -> None:
    assert sorted(refresh(folder, new).written) == sorted(NAMES)
    assert contents(folder) == {f"{name}.ipynb": text.encode() for name, text in new.items()}
    again = refresh(folder, new)
    assert again == keeping.Outcome()


@pytest.mark.parametrize("how", [{"edit": True}, {"outputs": True}], ids=["edited", "outputs"])
def test_what_the_reader_did_is_kept(folder: Path, old: dict[str, str], new: dict[str, str], how: dict[str, bool]) -> None:
    mine = save(folder / "desk.ipynb", **how)
    for _ in range(2):
        assert refresh(folder, old).own == ["desk"]
        outcome = refresh(folder, new)
        assert outcome.kept == ["desk"]
        assert contents(folder) == {"desk.ipynb": mine, "files/links.ipynb": new["files/links"].encode()}


def test_saved_by_jupyter_with_another_metadata_is_the_readers(folder: Path, new: dict[str, str]) -> None:
    nb = nbformat.read(folder / "desk.ipynb", as_version=4)
    nb.metadata.language_info = {"name": "python", "version": "3.11.2"}
    nbformat.write(nb, folder / "desk.ipynb")
    assert refresh(folder, new).kept == ["desk"]


def test_a_deleted_notebook_comes_back_new(folder: Path, new: dict[str, str]) -> None:
    save(folder / "desk.ipynb", edit=True)
    (folder / "desk.ipynb").rename(folder / "my-desk.ipynb")
    mine = (folder / "my-desk.ipynb").read_bytes()
    refresh(folder, new)
    assert (folder / "desk.ipynb").read_text() == new["desk"]
    assert (folder / "my-desk.ipynb").read_bytes() == mine


def test_what_the_reader_adds_stays_copies_too(folder: Path, old: dict[str, str], new: dict[str, str]) -> None:
    (folder / "files" / "notes.txt").write_text("mine")
    (folder / "copy.ipynb").write_text(old["desk"])  # as it was written, but not by us under this name
    (folder / "files" / "desk.ipynb").write_text(old["desk"])
    (folder / "mine.ipynb").write_text("not even JSON")
    (folder / "empty.ipynb").touch()
    before = contents(folder)
    outcome = refresh(folder, new)
    assert sorted(outcome.foreign) == ["copy", "empty", "files/desk", "mine"]
    assert not outcome.removed
    assert {name: text for name, text in contents(folder).items() if name.removesuffix(".ipynb") not in NAMES} == {
        name: text for name, text in before.items() if name.removesuffix(".ipynb") not in NAMES
    }


def test_a_chapter_that_is_gone_takes_only_an_untouched_notebook_with_it(folder: Path, old: dict[str, str]) -> None:
    mine = save(folder / "desk.ipynb", outputs=True)
    outcome = refresh(folder, {})
    assert (outcome.removed, outcome.foreign) == (["files/links"], ["desk"])
    assert contents(folder) == {"desk.ipynb": mine}


@pytest.mark.parametrize("seal", ['"sha256": ""', '"sha256": "' + 64 * "0" + '"', '"other": 1'])
def test_a_damaged_seal_errs_on_the_side_of_keeping(folder: Path, old: dict[str, str], new: dict[str, str], seal: str) -> None:
    damaged = keeping.SEAL.sub(seal, old["desk"])
    (folder / "desk.ipynb").write_text(damaged)
    for wanted in (new, {}):
        refresh(folder, wanted)
        assert (folder / "desk.ipynb").read_text() == damaged


def test_a_cell_cannot_pass_for_the_seal(tmp_path: Path) -> None:
    chapter = Chapter("desk")
    object.__setattr__(chapter, "text", chapter.text + '\n"sha256": "" and "sha256": "' + 64 * "a" + '"\n')
    text = notebooks.notebook(chapter)
    refresh(tmp_path, {"desk": text})
    assert refresh(tmp_path, {"desk": version("desk")}).written == ["desk"]


def test_dry_touches_nothing(folder: Path, new: dict[str, str]) -> None:
    before = contents(folder)
    outcome = refresh(folder, {"desk": new["desk"], "kvm/new": new["desk"]}, dry=True)
    assert (outcome.written, outcome.removed) == (["desk", "kvm/new"], ["files/links"])
    assert contents(folder) == before
    assert not (folder / "kvm").exists()


@pytest.mark.parametrize("where", ["work", "work/files"])
@pytest.mark.parametrize("what", ["a file", "a symbolic link"])
def test_something_in_a_folders_place(tmp_path: Path, new: dict[str, str], where: str, what: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place = tmp_path / where
    place.parent.mkdir(exist_ok=True)
    if what == "a file":
        place.write_text("mine")
    else:
        place.symlink_to(elsewhere)
    with pytest.raises(Unusable, match=f"{place} is {what}, but a folder must be there: move it away"):
        refresh(tmp_path / "work", new)
    assert not list(elsewhere.iterdir())
    assert [path for path in tmp_path.rglob("*.ipynb") if path.is_file()] == []
    assert place.is_symlink() or place.read_text() == "mine"


def test_links_and_folders_in_a_notebooks_place_are_the_readers(folder: Path, tmp_path: Path, new: dict[str, str]) -> None:
    target = tmp_path / "target.ipynb"
    (folder / "desk.ipynb").rename(target)
    before = target.read_bytes()
    (folder / "desk.ipynb").symlink_to(target)
    (folder / "files" / "links.ipynb").unlink()
    (folder / "files" / "links.ipynb").mkdir()
    assert sorted(refresh(folder, new).kept) == sorted(NAMES)
    assert target.read_bytes() == before
    assert (folder / "desk.ipynb").is_symlink()


def test_an_interrupt_leaves_whole_notebooks(folder: Path, new: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(folder)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        refresh(folder, new)
    assert contents(folder) == before


def test_a_folder_that_cannot_be_written_loses_nothing(folder: Path, new: dict[str, str]) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    before = contents(folder)
    for place in (folder, folder / "files"):
        place.chmod(0o555)
    try:
        with pytest.raises(PermissionError):
            refresh(folder, new)
    finally:
        for place in (folder, folder / "files"):
            place.chmod(0o755)
    assert contents(folder) == before


@pytest.mark.long
def test_the_lab_says_in_a_sentence_why_it_cannot_begin(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to("elsewhere")
    before = contents(folder)
    monkeypatch.setattr(lab, "WORK", folder)
    monkeypatch.setattr("sys.argv", ["lab"])
    assert lab.main() == 1
    assert (
        capsys.readouterr().err
        == f"{folder} is a symbolic link, but a folder must be there: move it away and try again; nothing was changed\n"
    )
    assert contents(folder) == before


def test_the_lab_says_what_it_kept(folder: Path, new: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "WORK", folder)
    save(folder / "desk.ipynb", edit=True)
    monkeypatch.setattr(lab, "notebooks", lambda language: new)
    assert lab.prepare() == [
        "work/: brought up to date: files/links",
        "work/desk.ipynb has your changes and was kept; the book has a newer one",
        "To have the newer one, rename or delete yours and run `make lab` again.",
    ]


@pytest.mark.long
def test_a_notebook_that_is_only_opened_stays_as_it_was_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "WORK", folder)
    monkeypatch.setattr(notebooks, "all_chapters", lambda: [Chapter(name) for name in NAMES])
    lab.prepare()
    before = contents(folder)
    manager, client = start_new_kernel()
    try:
        language = client.kernel_info(reply=True, timeout=60)["content"]["language_info"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    for name in NAMES:  # what JupyterLab does as soon as the kernel has said who it is
        nb = nbformat.read(folder / f"{name}.ipynb", as_version=4)
        nb.metadata.language_info = language
        nbformat.write(nb, folder / f"{name}.ipynb")
    assert contents(folder) == before


def generate(monkeypatch: pytest.MonkeyPatch, folder: Path, wanted: dict[str, str], *arguments: str) -> int:
    """``make notebooks`` into ``folder``; its exit status."""
    monkeypatch.setattr("sys.argv", ["notebooks", *arguments])
    monkeypatch.setattr(notebooks, "OUT", folder)
    monkeypatch.setattr(notebooks, "ROOT", folder.parent)
    monkeypatch.setattr(notebooks, "notebooks", lambda: wanted)
    return notebooks.main()


def test_make_notebooks_keeps_and_says_so(
    folder: Path, new: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = save(folder / "desk.ipynb", edit=True)
    (folder / "scratch.ipynb").write_text("mine")
    assert generate(monkeypatch, folder, new, "--check") == 1
    assert (folder / "files" / "links.ipynb").read_text() != new["files/links"]
    capsys.readouterr()
    assert generate(monkeypatch, folder, new) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "wrote: work/files/links.ipynb"
    assert said[1].startswith("changed by hand, so it was kept: work/desk.ipynb")
    assert said[2].startswith("not made from a chapter, so it was kept: work/scratch.ipynb")
    assert (folder / "desk.ipynb").read_bytes() == mine
    assert (folder / "scratch.ipynb").read_text() == "mine"
    (folder / "desk.ipynb").unlink()
    (folder / "scratch.ipynb").unlink()
    assert generate(monkeypatch, folder, new) == 0
    assert generate(monkeypatch, folder, new, "--check") == 0
