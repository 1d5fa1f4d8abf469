"""`python -m devices --config FILE`: the devices process."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
from pathlib import Path

from devices.host import Host
from kiosk.config import DEFAULT_FILE, load
from kiosk.errors import ConfigError
from kiosk.single_instance import claim

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, where, message, and what the caller added by name."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        line = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _PLAIN}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def main() -> int:
    """Start the host; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m devices", description="Linban: the devices process.")
    parser.add_argument("--config", type=Path, default=DEFAULT_FILE, metavar="FILE", help="settings (TOML)")
    parser.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    arguments = parser.parse_args()
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=arguments.log_level, handlers=[handler])
    try:
        settings = load(arguments.config)
        if not claim(settings.paths.run_dir, "devices"):
            logging.getLogger("devices").error("another devices process serves this terminal")
            return 2
        host = Host(settings)
    except ConfigError as error:
        logging.getLogger("devices").error("settings refused", extra={"reason": str(error)})
        return 2
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: host.stop())
    return 0 if host.run() else 1


if __name__ == "__main__":
    sys.exit(main())
