"""A session of requests that sees no redirect in any answer.

requests reads and unpacks the body of every redirect, also when told not to follow it and to read nothing: a
portal's page without an end, or a bomb, would fill the memory before a cap is looked at.
"""

from __future__ import annotations

import requests


class NoRedirects(requests.Session):
    """An answer that redirects is an answer like any other."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Nowhere."""
