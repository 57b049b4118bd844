"""Whether loops are run in whole (``make test-all``, every night) or over a sample that has each kind of case."""

from __future__ import annotations

import os

EXHAUSTIVE = bool(os.environ.get("SYSLAB_EXHAUSTIVE"))
