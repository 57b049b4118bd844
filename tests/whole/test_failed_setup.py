"""A set-up that fails says so, says why, and is mended by the next one: with the real pip, packages made here, no network."""

from __future__ import annotations

import http.server
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.whole.checkout import Checkout, pip_files, program, wheel

PYTHON_HAS_PIP = not subprocess.run([sys.executable, "-c", "import ensurepip"], capture_output=True, check=False).returncode
needs_ensurepip = pytest.mark.skipif(not PYTHON_HAS_PIP, reason="needs Python's own copy of pip (python3-venv)")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    made = Checkout(tmp_path_factory.mktemp("first") / "checkout")
    made.require([wheel(made.wheels, "thing")])
    made.made()
    done = made.setup()
    assert done.returncode == 0, done.stderr
    made.require([wheel(made.wheels, "thing", "2.0")])
    return made


@pytest.fixture
def checkout(first: Checkout, tmp_path: Path) -> Checkout:
    """Set up with thing 1.0; then its lock file came to name 2.0."""
    return first.copy(tmp_path / "checkout")


def stamp(checkout: Checkout) -> int:
    return checkout.ready.stat().st_mtime_ns


class Half(http.server.BaseHTTPRequestHandler):
    """An index whose only file breaks off in the middle."""

    def do_GET(self) -> None:
        self.send_response(200)
        if self.path.endswith("/"):
            body = b'<a href="/thing-2.0-py3-none-any.whl">thing-2.0-py3-none-any.whl</a>'
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
        else:
            body = b"PK"
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", "100000")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def half() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Half) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join(timeout=30)


def broken(checkout: Checkout, words: list[str], **environment: str) -> None:
    """It fails for this reason, shows it, leaves what was there, and succeeds when the reason is gone."""
    before = stamp(checkout)
    done = checkout.setup(**environment)
    assert done.returncode == 1
    last = "\n".join(done.stderr.splitlines()[-16:])
    assert all(word in last for word in words), done.stderr
    assert done.stderr.splitlines()[-1].startswith("Setting up failed")
    assert stamp(checkout) == before
    assert checkout.has("thing") == "1.0"


def mended(checkout: Checkout, **environment: str) -> None:
    done = checkout.setup(**environment)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert checkout.has("thing") == "2.0"
    assert checkout.ready.stat().st_mtime > 1


def test_no_network(checkout: Checkout) -> None:
    nowhere = {"PIP_NO_INDEX": "", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": "http://127.0.0.1:1/simple"}
    broken(checkout, ["ERROR: No matching distribution found for thing==2.0", "Connection refused"], **nowhere, PIP_RETRIES="1")
    mended(checkout)


def test_another_hash(checkout: Checkout) -> None:
    right = (checkout.folder / "requirements.txt").read_text()
    checkout.require([f"thing==2.0 --hash=sha256:{'0' * 64}"])
    broken(checkout, ["ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "0" * 64, right.split(":")[1].strip()])
    checkout.require([right.strip()])
    mended(checkout)


def test_a_version_that_is_gone(checkout: Checkout) -> None:
    path = checkout.wheels / "thing-2.0-py3-none-any.whl"
    content = path.read_bytes()
    path.unlink()
    broken(checkout, ["ERROR: No matching distribution found for thing==2.0", "from versions: 1.0"])
    path.write_bytes(content)
    mended(checkout)


def test_a_download_that_breaks_off(checkout: Checkout, half: str) -> None:
    before = stamp(checkout)
    done = checkout.setup(PIP_NO_INDEX="", PIP_FIND_LINKS="", PIP_INDEX_URL=half, PIP_TRUSTED_HOST="127.0.0.1")
    assert done.returncode == 1
    assert "Incomplete" in done.stderr or "incomplete" in done.stderr or "HASHES" in done.stderr, done.stderr
    assert stamp(checkout) == before
    mended(checkout)


def test_only_the_first_pip_fails(checkout: Checkout) -> None:
    before = stamp(checkout)
    checkout.python.unlink()
    program(checkout.python, 'case "$*" in *requirements.txt*) echo "ERROR: of the first"; exit 3;; esac')
    done = checkout.setup()
    assert done.returncode == 1
    assert "ERROR: of the first" in done.stderr
    assert stamp(checkout) == before


def test_only_the_second_pip_fails(checkout: Checkout) -> None:
    (checkout.folder / "backend.py").write_text("raise ImportError('no such backend')\n")
    done = checkout.setup()
    assert done.returncode == 1
    assert "no such backend" in done.stderr
    assert "Setting up failed" in done.stderr


def large(checkout: Checkout) -> None:
    """thing 2.0 holds 8 MiB."""
    checkout.require([wheel(checkout.wheels, "thing", "2.0", bytes(8 << 20))])


@needs_ensurepip
@pytest.mark.skipif(os.geteuid() == 0, reason="a disk that is full is tried instead")
def test_files_may_not_grow(checkout: Checkout) -> None:
    """The nearest thing to a full disk that anybody can have."""
    large(checkout)
    command = [sys.executable, "-c", LIMITED, str(4 << 20), "sh", "tools/setup.sh"]
    done = checkout.setup(*command)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    mended(checkout)


LIMITED = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2); os.execvp(sys.argv[2], sys.argv[2:])"
FULL = """
mount -t tmpfs -o size=$1 small "$2" && cp -a . "$2/checkout" && cd "$2/checkout" && sh tools/setup.sh
first=$?
mount -o remount,size=1g "$2"
sh tools/setup.sh >&2
echo "$first $? $(.venv/bin/python -c 'import thing; print(thing.version)')"
"""


@needs_ensurepip
def test_a_full_disk(checkout: Checkout, tmp_path: Path) -> None:
    private = ("unshare", "--mount", "--propagation", "private")
    small = tmp_path / "small"
    small.mkdir()
    if checkout.setup(*private, "mount", "-t", "tmpfs", "small", str(small)).returncode:
        pytest.skip("this user may not mount a file system")
    large(checkout)
    used = sum(path.lstat().st_size + 4096 for path in checkout.folder.rglob("*"))
    done = checkout.setup(*private, "sh", "-c", FULL, "sh", str(used + (4 << 20)), str(small))
    assert "No space left on device" in done.stderr
    assert "Setting up failed" in done.stderr
    assert done.stdout.splitlines()[-1] == "1 0 2.0", done.stdout + done.stderr


def gone(checkout: Checkout) -> None:
    """The Python it was made by."""
    checkout.python.unlink()
    checkout.python.symlink_to("/nowhere/python3")


def without_pip(checkout: Checkout) -> None:
    """As another version of Python finds it behind the same link, or Ctrl-C left it."""
    shutil.rmtree(next(checkout.venv.glob("lib/python*/site-packages/pip")))


def half_installed(checkout: Checkout) -> None:
    """Ended while pip copied files: it has the metadata, so pip would call it installed."""
    checkout.ready.unlink()
    site = next(checkout.venv.glob("lib/python*/site-packages"))
    (site / "thing-1.0.dist-info").rename(site / "thing-2.0.dist-info")
    (site / "thing-2.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: thing\nVersion: 2.0\n")


@needs_ensurepip
@pytest.mark.parametrize("harm", [gone, without_pip, half_installed])
def test_an_environment_that_cannot_be_used_is_made_anew(checkout: Checkout, harm: Callable[[Checkout], None]) -> None:
    """Also where its stamp is newer than all it was made from."""
    harm(checkout)
    if checkout.ready.exists():
        checkout.ready.touch()
    done = checkout.setup("make", ".venv/ready", f"PYTHON={sys.executable}")
    assert done.returncode == 0, done.stderr
    assert checkout.has("thing") == "2.0"
    again = checkout.setup("make", ".venv/ready", f"PYTHON={sys.executable}")
    assert "up to date" in again.stdout, again.stdout


def test_somebody_elses_folder_is_left_alone(checkout: Checkout) -> None:
    (checkout.folder / "precious").mkdir()
    (checkout.folder / "precious" / "letter").write_text("dear")
    done = checkout.setup(VENV="precious")
    assert done.returncode == 1
    assert "precious is not empty and no virtual environment" in done.stderr
    assert [path.name for path in (checkout.folder / "precious").iterdir()] == ["letter"]


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="no dpkg-deb here")
def test_without_python3_venv_and_without_root(checkout: Checkout) -> None:
    """Debian's python3 alone: pip comes out of the package of its wheel, which apt-get downloads for anybody."""
    deb = checkout.folder / "deb"
    (deb / "usr/share/python-wheels").mkdir(parents=True)
    (deb / "DEBIAN").mkdir()
    (deb / "DEBIAN" / "control").write_text(
        "Package: python3-pip-whl\nVersion: 1\nArchitecture: all\nMaintainer: n\nDescription: d\n"
    )
    with zipfile.ZipFile(deb / "usr/share/python-wheels/pip-1.0-py3-none-any.whl", "w") as archive:
        for folder in pip_files():
            name = folder.name if folder.name == "pip" else "pip-1.0.dist-info"
            for path in folder.rglob("*"):
                if path.is_file() and "__pycache__" not in path.parts:
                    text = path.read_bytes()
                    if path.name == "METADATA":
                        text = b"Metadata-Version: 2.1\nName: pip\nVersion: 1.0\n"
                    archive.writestr(f"{name}/{path.relative_to(folder)}", text)
    built = f"dpkg-deb --build {deb} python3-pip-whl_1_all.deb >/dev/null"
    tools = checkout.folder / "bin"
    program(tools / "apt-get", f'case "$*" in *download*) {built};; *update*) ;; *) exit 1;; esac')
    python = program(tools / "python", f'case "$*" in *ensurepip*) exit 1;; esac; exec {sys.executable} "$@"')
    shutil.rmtree(checkout.venv)
    mended(checkout, PATH=f"{tools}:/usr/bin:/bin", PYTHON=str(python))
    assert not (checkout.venv / "apt").exists()

    shutil.rmtree(checkout.venv)
    program(tools / "apt-get", "echo 'E: Temporary failure resolving the server' >&2; exit 100")
    done = checkout.setup(PATH=f"{tools}:/usr/bin:/bin", PYTHON=str(python))
    assert done.returncode == 1
    assert "E: Temporary failure" in done.stderr


def test_another_python_that_was_named_makes_it_anew(checkout: Checkout) -> None:
    """And one that nobody named does not: an environment that works is kept."""
    other = program(checkout.folder / "bin" / "python", "echo 3.99")
    assert checkout.setup("sh", "tools/setup.sh", "usable", PYTHON=str(other)).returncode == 0
    assert checkout.setup("sh", "tools/setup.sh", "usable", PYTHON=str(other), NAMED="command").returncode
    assert checkout.setup("sh", "tools/setup.sh", "usable", NAMED="command").returncode == 0
