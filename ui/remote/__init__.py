"""A hand that presses what the accessibility tree offers: for `kiosk demo` and for tests.

It exists only when the face is started with `--remote SOCKET`, which no production unit does. It names things as a
screen reader would and presses them as a finger would: at the middle of their rectangle, with mouse events given to the
window, so that something that lies on top gets the press instead and the journey notices.

    page         {}                                → {page, title, settled}
    tree         {}                                → [{role, name, value, description, enabled, focusable, focused,
                                                       checked, rect: [x, y, width, height]}, …]
    press        {name, role?, hold_ms?, double?}  → {}, once released
    timed_press  {name, role?, timeout_ms?}        → {ms, first_ms, page}
    draw         {name, strokes}                   → {}; points as fractions of its width and height
    type         {text}                            → {}
    key          {name}                            → {}; "Tab", "Shift+Tab", "Return", "Backspace"… (names of Qt::Key)
    grab         {path}                            → {width, height}; a PNG
    frames       {}                                → {count, last_s}
    memory       {}                                → {rss_mib}
    quit         {}                                → {}
    notification page.changed {page}

`hand` answers these, `eye` reads the tree, `frames` knows which page was painted last.
"""

from ui.remote.hand import RemoteHand

__all__ = ["RemoteHand"]
