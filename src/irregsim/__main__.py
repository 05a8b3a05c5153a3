"""``python -m irregsim`` is the same as ``irregsim``."""

from irregsim.cli import main

if __name__ == "__main__":
    main(prog_name="irregsim")
