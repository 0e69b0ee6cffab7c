"""`python -m imgvid.ops.bundle`."""

import sys

from imgvid.ops.bundle.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
