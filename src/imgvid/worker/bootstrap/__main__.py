"""`python -m imgvid.worker.bootstrap`."""

import sys

from imgvid.worker.bootstrap.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
