"""`python -m diffir_demo`."""

from __future__ import annotations

import sys

try:
    from .cli import main

    sys.exit(main())
except KeyboardInterrupt:  # while torch was still being imported
    sys.exit(130)
