pragma ComponentBehavior: Bound
import QtQuick

// A card's body: paper on paper, with the one level of shadow there is.
Item {
    id: root

    property color border: Theme.colours.hairline
    property int borderWidth: Theme.line
    property color colour: Theme.colours.card
    property bool raised: true

    Rectangle {
        color: Theme.colours.shadow
        height: parent.height
        radius: Theme.radius
        visible: root.raised
        width: parent.width
        y: Theme.shadowDepth
    }
    Rectangle {
        anchors.fill: parent
        border.color: root.border
        border.width: root.borderWidth
        color: root.colour
        radius: Theme.radius
    }
}
