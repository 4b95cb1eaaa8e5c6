"""Placement with the chain around it, from the very file that operators copy."""

from __future__ import annotations

import runpy
from pathlib import Path

_FILE = Path(__file__).parents[3] / "etc" / "wsgi" / "guarded_placement.py"

application = runpy.run_path(str(_FILE))["application"]
