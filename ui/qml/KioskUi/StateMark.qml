pragma ComponentBehavior: Bound
import QtQuick

// One state of the terminal in the top bar: an icon and its words.
Row {
    id: root

    required property string icon
    required property string text

    spacing: Theme.mm(1.6)

    Icon {
        anchors.verticalCenter: parent.verticalCenter
        colour: Theme.colours.onBar
        name: root.icon
        size: Theme.iconSmall
    }
    Words {
        anchors.verticalCenter: parent.verticalCenter
        color: Theme.colours.onBar
        font.pixelSize: Theme.small
        text: root.text
    }
}
