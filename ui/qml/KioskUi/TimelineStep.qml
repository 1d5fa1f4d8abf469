pragma ComponentBehavior: Bound
import QtQuick

// One thing that happened to a case, newest on top.
Item {
    id: root

    required property string at
    property bool first: false
    property bool last: false
    required property string text

    implicitHeight: Math.max(texts.implicitHeight + Theme.gap, Theme.mm(Theme.elder ? 26 : 22))

    Rectangle {
        anchors.horizontalCenter: dot.horizontalCenter
        color: Theme.colours.border
        height: root.last ? 0 : parent.height
        width: Theme.lineStrong
        y: dot.y + dot.height
    }
    Rectangle {
        id: dot

        border.color: Theme.colours.primary
        border.width: Theme.lineStrong
        color: root.first ? Theme.colours.primary : Theme.colours.paper
        height: Theme.mm(5)
        radius: width / 2
        width: height
        x: Theme.gapTight
        y: Theme.mm(1.2)
    }
    Column {
        id: texts

        anchors.left: dot.right
        anchors.leftMargin: Theme.pad
        anchors.right: parent.right

        Words {
            font.weight: root.first ? Font.Bold : Font.Normal
            text: root.text
            width: parent.width
        }
        Words {
            color: Theme.colours.inkSoft
            font.pixelSize: Theme.small
            text: root.at
            width: parent.width
        }
    }
}
