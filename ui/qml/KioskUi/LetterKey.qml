pragma ComponentBehavior: Bound
import QtQuick

// One letter.
Pressable {
    id: root

    required property string letter

    text: root.letter === " " ? qsTr("空格") : root.letter

    Surface {
        anchors.fill: parent
        border: Theme.colours.border
        colour: root.down ? Theme.colours.tint : Theme.colours.card
    }
    Words {
        Accessible.ignored: true
        anchors.centerIn: parent
        font.pixelSize: root.letter === " " ? Theme.small : Theme.strong
        text: root.text
        wrapMode: Text.NoWrap
    }
}
