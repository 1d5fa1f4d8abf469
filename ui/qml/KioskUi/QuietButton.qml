pragma ComponentBehavior: Bound
import QtQuick

// A button that does not ask for attention: icon and words, no frame until it is touched.
Pressable {
    id: root

    property color colour: Theme.colours.primary
    required property string icon

    implicitHeight: Theme.elder ? Theme.mm(20) : Theme.mm(14.2)
    implicitWidth: content.implicitWidth + Theme.mm(4)

    Rectangle {
        anchors.fill: parent
        color: root.down ? Theme.colours.tint : "transparent"
        radius: Theme.radiusSmall
    }
    Row {
        id: content

        anchors.centerIn: parent
        spacing: Theme.mm(1.8)

        Icon {
            anchors.verticalCenter: parent.verticalCenter
            colour: words.color
            name: root.icon
            size: Theme.iconSmall
        }
        Words {
            id: words

            Accessible.ignored: true
            anchors.verticalCenter: parent.verticalCenter
            color: root.down ? Theme.colours.primary : root.colour
            font.pixelSize: Theme.small
            text: root.text
        }
    }
}
