"""`python -m ui --config FILE`: the face of one terminal."""

import sys

from ui.window import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
