pragma ComponentBehavior: Bound
import QtQuick

// One thing to choose from a list: icon, name, a line about it.
Pressable {
    id: root

    property bool chevron: true
    property bool filled: false
    property string icon: ""
    property string note: ""

    Accessible.description: root.note
    implicitHeight: Math.max(Theme.row, words.implicitHeight + 2 * Theme.gapTight)

    Surface {
        anchors.fill: parent
        border: root.checked || root.down ? Theme.colours.primary : Theme.colours.border
        borderWidth: root.checked ? Theme.lineStrong * 2 : Theme.line
        colour: root.down || (root.checked && !root.filled) ? Theme.colours.tint : root.filled ? Theme.colours.primary : Theme.colours.card
    }
    Rectangle {
        id: disc

        anchors.left: parent.left
        anchors.leftMargin: Theme.pad
        anchors.verticalCenter: parent.verticalCenter
        color: root.filled ? Theme.colours.onPrimary : Theme.colours.tint
        height: width
        radius: Theme.radius
        visible: root.icon !== ""
        width: Math.min(root.height - 2 * Theme.gapTight, Theme.mm(Theme.elder ? 24 : 21))

        Icon {
            anchors.centerIn: parent
            name: root.icon || "check"
            size: Math.round(parent.width * 0.54)
        }
    }
    Column {
        id: words

        anchors.left: disc.visible ? disc.right : parent.left
        anchors.leftMargin: Theme.pad
        anchors.right: mark.visible ? mark.left : parent.right
        anchors.rightMargin: mark.visible ? Theme.gapTight : Theme.pad
        anchors.verticalCenter: parent.verticalCenter
        spacing: Theme.mm(0.6)

        Words {
            Accessible.ignored: true
            color: root.filled && !root.down ? Theme.colours.onPrimary : Theme.colours.ink
            font.pixelSize: Theme.compact ? Theme.body : Theme.strong
            font.weight: Font.Bold
            text: root.text
            width: parent.width
        }
        Words {
            Accessible.ignored: true
            color: root.filled && !root.down ? Theme.colours.onPrimary : Theme.colours.inkSoft
            font.pixelSize: Theme.small
            text: root.note
            visible: root.note !== "" && !Theme.compact
            width: parent.width
        }
    }
    Icon {
        id: mark

        anchors.right: parent.right
        anchors.rightMargin: Theme.pad
        anchors.verticalCenter: parent.verticalCenter
        colour: root.filled && !root.down ? Theme.colours.onPrimary : Theme.colours.primary
        name: root.checked ? "circle-check" : "chevron-right"
        size: Theme.icon
        visible: root.chevron || root.checked
    }
}
