"""`python -m imgvid.ops.endpoint`."""

import sys

from imgvid.ops.endpoint.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
