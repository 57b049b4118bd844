"""``jupyter-book`` as it is, but for how it fails: also what it raises before Sphinx has begun is one sentence and a log."""

from __future__ import annotations

import os
import sys

from . import failures


def _time_zone() -> None:
    """Failure if Babel, which Sphinx needs, would not take this machine's; it says so while it is being imported."""
    try:
        import babel.localtime  # noqa: F401
    except Exception as error:
        what = f"TZ is {os.environ['TZ']!r}" if "TZ" in os.environ else "of /etc/localtime"
        raise failures.Failure(f"The time zone ({what}) cannot be read ({error}). Set another: TZ=UTC make book") from error


def main() -> int:
    """Its command line, for :mod:`.book`; a build with warnings that are errors ends by SystemExit."""
    _time_zone()
    from jupyter_book.cli.main import main as command  # takes a second, in which Ctrl-C is a sentence too

    status = command.main(sys.argv[1:], prog_name="jupyter-book", standalone_mode=False)  # or click would say it in its way
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    sys.exit(failures.run(main))
