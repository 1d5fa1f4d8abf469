"""`python -m ui --config FILE`: the face of one terminal."""

import sys

# WORKAROUND(msgspec 0.22): it asks for typing_extensions before typing, which has the same since Python 3.11. Other
# libraries bring that package along, and importing it costs a tenth of the time to the first page.
sys.modules["typing_extensions"] = None  # type: ignore[assignment]
import msgspec  # noqa: E402, F401

del sys.modules["typing_extensions"]

from ui.window import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
