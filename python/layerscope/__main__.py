"""``python -m layerscope``: the same as the command ``layerscope``."""

from __future__ import annotations

from layerscope.cli import main

if __name__ == "__main__":
    main()
