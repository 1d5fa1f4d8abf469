"""The templates: they escape everything, and fail on a name that nobody gave them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2

from sync.central.console.figures import grouped, moment, phrase_in, size, span
from sync.central.console.roles import Right
from sync.central.console.words import word

NAVIGATION = (
    (Right.FLEET, "/terminals", "终端"),
    (Right.CASES, "/cases", "办件"),
    (Right.ENTRIES, "/entries", "待处理条目"),
    (Right.RECLAIM, "/reclaims", "凭条认回"),
    (Right.VOICES, "/ratings", "评价"),
    (Right.VOICES, "/tickets", "办不成事"),
    (Right.ENROL, "/codes", "登记码"),
    (Right.CATALOGUE, "/catalogue", "事项目录"),
    (Right.LEDGER, "/ledger", "台账"),
    (Right.AUDIT, "/audit", "操作记录"),
    (Right.ACCOUNTS, "/accounts", "账号"),
)


class Look:
    """Makes pages."""

    def __init__(self) -> None:
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("sync.central.console"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(self, template: str, language: str, values: Mapping[str, Any]) -> str:
        """A page's HTML in a language."""
        say = phrase_in(language)
        usual = {
            "language": language,
            "_": say,
            "word": lambda table, value: word(table, value, language),
            "moment": moment,
            "span": lambda seconds: span(seconds, say),
            "size": size,
            "grouped": grouped,
            "Right": Right,
        }
        return self._templates.get_template(template).render(**usual, **values)
