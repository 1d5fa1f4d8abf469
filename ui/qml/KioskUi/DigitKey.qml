pragma ComponentBehavior: Bound
import QtQuick

// One key of the digit pad: a digit, or a word with its icon.
Pressable {
    id: root

    required property string digit
    readonly property bool isDigit: root.digit.length === 1

    text: root.digit === "erase" ? qsTr("删一位") : root.digit === "clear" ? qsTr("清空") : root.digit

    Surface {
        anchors.fill: parent
        border: root.enabled ? Theme.colours.border : Theme.colours.hairline
        colour: root.down ? Theme.colours.tint : root.isDigit ? Theme.colours.card : Theme.colours.paper
        raised: root.isDigit
    }
    Row {
        anchors.centerIn: parent
        spacing: Theme.mm(1.6)

        Icon {
            anchors.verticalCenter: parent.verticalCenter
            colour: words.color
            name: root.digit === "erase" ? "delete" : "eraser"
            size: Theme.iconSmall
            visible: !root.isDigit && root.width > Theme.mm(30)
        }
        Words {
            id: words

            Accessible.ignored: true
            anchors.verticalCenter: parent.verticalCenter
            color: root.isDigit ? Theme.colours.ink : root.enabled ? Theme.colours.primary : Theme.colours.inkSoft
            font.pixelSize: root.isDigit ? Theme.title : Theme.compact ? Theme.small : Theme.body
            font.weight: root.isDigit ? Font.Bold : Font.Normal
            text: root.text
        }
    }
}
