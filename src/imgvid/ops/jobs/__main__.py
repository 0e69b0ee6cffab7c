"""`python -m imgvid.ops.jobs`."""

import sys

from imgvid.ops.jobs.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
