"""The face: Qt Quick pages over the session's state machine. No network, no device node, no business rule."""
