pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// The battery is almost empty: what to do now, and what becomes of one's business. Over the top bar, and nothing blinks.
Rectangle {
    id: root

    required property string text

    color: Theme.colours.guide
    height: Theme.topBar

    Icon {
        id: mark

        anchors.left: parent.left
        anchors.leftMargin: Theme.edge
        anchors.verticalCenter: parent.verticalCenter
        colour: Theme.colours.onGuide
        name: "battery-low"
        size: Theme.icon
    }
    Words {
        Accessible.role: Accessible.AlertMessage
        anchors.left: mark.right
        anchors.leftMargin: Theme.pad
        anchors.right: parent.right
        anchors.rightMargin: Theme.edge
        anchors.verticalCenter: parent.verticalCenter
        color: Theme.colours.onGuide
        font.pixelSize: Theme.compact ? Theme.small : Theme.body
        font.weight: Font.Bold
        text: root.text
    }
}
