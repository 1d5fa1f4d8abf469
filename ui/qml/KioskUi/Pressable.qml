pragma ComponentBehavior: Bound
import QtQuick

// What everything that can be touched has in common: it acts on release inside, once, and by keyboard too.
Item {
    id: root

    property bool checkable: false
    property bool checked: false
    readonly property bool down: tap.pressed
    property real ringRadius: Theme.radius + Theme.ring
    required property string text

    signal activated

    function activate(): void {
        if (root.enabled)
            root.activated();
    }

    Accessible.checkable: root.checkable
    Accessible.checked: root.checked
    Accessible.focusable: true
    Accessible.name: root.text
    Accessible.role: root.checkable ? Accessible.RadioButton : Accessible.Button
    activeFocusOnTab: true

    Accessible.onPressAction: root.activate()
    Keys.onEnterPressed: event => event.isAutoRepeat ? undefined : root.activate()
    Keys.onReturnPressed: event => event.isAutoRepeat ? undefined : root.activate()
    Keys.onSpacePressed: event => event.isAutoRepeat ? undefined : root.activate()

    TapHandler {
        id: tap

        gesturePolicy: TapHandler.ReleaseWithinBounds
        // A finger that rests long on the glass still means it.
        longPressThreshold: 0

        onTapped: root.activate()
    }
    Rectangle {
        anchors.fill: parent
        anchors.margins: -Theme.ring
        border.color: Theme.colours.focus
        border.width: Theme.ring
        color: "transparent"
        radius: root.ringRadius
        visible: root.activeFocus
        z: 1
    }
}
