"""Fixtures of the session's tests."""

from tests.kiosk.session_steps import catalogue, session  # noqa: F401  (fixtures)
