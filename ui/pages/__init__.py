"""One view-model a page: what the page shows, and what can be done there. No Qt Quick item is known here."""
