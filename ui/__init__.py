"""The face: Qt Quick pages over the session's state machine. No network, no device node, no business rule."""

NOT_OUR_WARNINGS = "qt.multimedia.symbolsresolver=false;qt.qml.propertyCache.append=false"
"""WORKAROUND(Qt 6.11): what Qt's own keyboard complains about when it loads: a sound library, its own QML."""
