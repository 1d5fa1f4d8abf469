"""`python -m ui --config FILE`: the face of one terminal."""

import gc
import sys

# Loading makes a hundred thousand objects and no garbage; the face turns collection on after its first frame.
gc.disable()

from ui.window import main  # noqa: E402 - what is imported here is what must not be collected through

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
