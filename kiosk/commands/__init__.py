"""The subcommands of `kiosk`, one a file."""
