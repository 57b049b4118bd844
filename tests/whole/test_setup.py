"""What `make` says when it cannot set up, and what it does about system packages."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.whole.checkout import Checkout, program, wheel

# As apt does it: status lines to the descriptor it was told, which the packages' scripts do not get; they write to stdout.
STATUS = r"""
case "$*" in *" install "*) ;; *) exit 0;; esac
fd=$(expr "$*" : '.*APT::Status-Fd=\([0-9]\)')
for percent in 5.5 30.1 45 60 99; do echo "dlstatus:1:$percent:Retrieving file 1 of 2" >&$fd; done
for percent in 0.1 26 51 76 100; do echo "pmstatus:unicorn:$percent:Unpacking unicorn (amd64)" >&$fd; done
eval "sh -c 'echo Regenerating the cache' $fd>&-" || { echo "E: a script of unicorn failed" >&2; exit 100; }
"""


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    made = Checkout(tmp_path_factory.mktemp("first") / "checkout")
    made.made()
    return made


@pytest.fixture
def checkout(first: Checkout, tmp_path: Path) -> Checkout:
    """With an environment that is set up already, but for the packages that a test names."""
    return first.copy(tmp_path / "checkout")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ('case "$2" in *version_info*) exit 1;; esac; echo Python 3.9.2', "needs Python 3.11 or newer"),
        ('case "$2" in *venv*) exit 1;; esac', "apt-get install python3-venv"),
        (None, "apt-get install python3)"),
    ],
)
def test_what_it_cannot_do_without_comes_first(checkout: Checkout, script: str | None, words: str) -> None:
    """Before what it can do without, and nothing is said to go on that does not."""
    (checkout.folder / "apt.txt").write_text("unicorn\n")
    tools = checkout.folder / "bin"
    program(tools / "dpkg-query", "echo 'unknown ok not-installed'")
    program(tools / "id", "echo 1000")
    program(tools / "sudo", "exit 1")
    python = program(tools / "python", script) if script else tools / "absent"
    done = checkout.setup(PATH=f"{tools}:/usr/bin:/bin", PYTHON=str(python))
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stdout == ""


def people(checkout: Checkout, apt: str, uid: int = 0) -> dict[str, str]:
    """A system that lacks two packages, whose apt-get is ``apt``, for root or a user with sudo; sudo keeps no variables."""
    (checkout.folder / "apt.txt").write_text("unicorn\nphoenix\n")
    tools = checkout.folder / "bin"
    program(tools / "dpkg-query", "echo 'unknown ok not-installed'")
    program(tools / "id", f"echo {uid}")
    program(tools / "sudo", 'shift; [ "$1" = true ] || exec env -i PATH="$PATH" "$@"')
    program(tools / "apt-get", f'echo "$DEBIAN_FRONTEND $*" >>{checkout.folder}/apt.log\n{apt}')
    program(tools / "apt-cache", '[ "$2" != phoenix ] || [ ! -e no-phoenix ]')
    checkout.require([wheel(checkout.wheels, "thing")])
    return {"PATH": f"{tools}:/usr/bin:/bin"}


@pytest.mark.parametrize("uid", [0, 1000])
def test_system_packages_are_installed_without_questions(checkout: Checkout, uid: int) -> None:
    done = checkout.setup(**people(checkout, STATUS, uid))
    assert done.returncode == 0, done.stderr
    update, install = (checkout.folder / "apt.log").read_text().splitlines()
    assert update.startswith("noninteractive ") and update.endswith(" update")
    assert install.startswith("noninteractive ") and install.endswith(" unicorn phoenix")
    assert "could be installed" not in done.stdout


def test_minutes_of_installing_show_a_few_whole_lines(checkout: Checkout) -> None:
    done = checkout.setup(**people(checkout, STATUS))
    assert "\r" not in done.stdout
    assert [line.split(",")[1].split("%")[0].strip() for line in done.stdout.splitlines() if line.startswith("  fetching")] == [
        "30",
        "60",
        "99",
    ]
    assert [line.split(":")[0] for line in done.stdout.splitlines() if line.startswith("  installing,")] == [
        f"  installing, {percent} %" for percent in (26, 51, 76, 100)
    ]


def test_a_failing_apt_says_why_and_the_rest_goes_on(checkout: Checkout) -> None:
    done = checkout.setup(
        **people(
            checkout,
            "case $* in *update*) exit;; esac; echo 'dpkg: error processing unicorn'; echo pmstatus:u:1:x; echo 'E: no archive' >&2; exit 100",
        )
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "dpkg: error processing unicorn\nE: no archive\n"
    assert "Not all could be installed; going on" in done.stdout
    assert checkout.has("thing") == "1.0"


def test_a_package_that_apt_does_not_know_hides_no_other(checkout: Checkout) -> None:
    (checkout.folder / "no-phoenix").touch()
    done = checkout.setup(**people(checkout, STATUS))
    assert done.returncode == 0, done.stderr
    assert (checkout.folder / "apt.log").read_text().splitlines()[-1].endswith(" unicorn")
    assert "E: apt knows no package phoenix\n" in done.stderr


def test_missing_packages_are_named_where_nobody_may_install(checkout: Checkout) -> None:
    environment = people(checkout, "exit 1", 1000)
    program(checkout.folder / "bin" / "sudo", "exit 1")
    done = checkout.setup(**environment)
    assert done.returncode == 0, done.stderr
    assert "Not installed: unicorn phoenix. Going on without" in done.stdout
    assert "sudo apt-get install unicorn phoenix" in done.stdout


def test_python_packages_in_a_log(checkout: Checkout) -> None:
    checkout.require(wheel(checkout.wheels, f"thing{n}") for n in range(8))
    done = checkout.setup()
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:] == [f"  {n} of 8 packages" for n in (2, 4, 6, 8)] + ["  installing"]


def test_python_packages_on_a_terminal(checkout: Checkout) -> None:
    """One line, rewritten, and gone at the end."""
    checkout.require(wheel(checkout.wheels, f"thing{n}") for n in range(3))
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        child = subprocess.Popen(
            ["sh", "tools/setup.sh"], cwd=checkout.folder, env=checkout.environment, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        said = b""
        try:
            while part := terminal.read(4096):
                said += part
        except OSError:
            pass  # the other side is closed
        assert child.wait(timeout=60) == 0
    first, line = said.decode().split("\r\n")
    assert first.startswith("Setting up")
    shown = [part.strip() for part in line.split("\r") if part]
    assert list(dict.fromkeys(shown)) == ["1 of 3 packages", "2 of 3 packages", "3 of 3 packages", "installing", ""]
    assert line.endswith("\r")
