"""A notebook kernel that ends with the process that started it and has loaded what report notebooks use."""

from __future__ import annotations

import sys

from workbench.lineage import die_with_parent


def main() -> None:
    """Become the kernel; the first argument is the parent's process id, the others are ipykernel's."""
    die_with_parent(int(sys.argv.pop(1)))
    # Loaded now, while the parent still loads what it needs itself.
    from ipykernel import kernelapp

    import workbench.reports.content
    import workbench.workspace  # noqa: F401

    kernelapp.launch_new_instance()


if __name__ == "__main__":
    main()
