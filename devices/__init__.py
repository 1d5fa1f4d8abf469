"""The hands of the terminal: one driver, one thread and one simulator for each device."""
