"""The process in which a page becomes a PDF; it ends with the process that started it."""

from __future__ import annotations

import sys

from workbench.lineage import die_with_parent

from .pdf import main

if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    sys.exit(main())
