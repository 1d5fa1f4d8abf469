pragma ComponentBehavior: Bound
import QtQuick

// One line of the summary: what it is called, what was answered, and the way back to it.
Item {
    id: root

    property bool changeable: false
    required property string label
    required property string value

    signal changeAsked

    implicitHeight: Math.max(Theme.row, texts.implicitHeight + 2 * Theme.gapTight, change.implicitHeight + 2 * Theme.gapTight)

    Surface {
        anchors.fill: parent
        raised: false
    }
    Column {
        id: texts

        anchors.left: parent.left
        anchors.leftMargin: Theme.pad
        anchors.right: change.visible ? change.left : parent.right
        anchors.rightMargin: Theme.pad
        anchors.verticalCenter: parent.verticalCenter

        Words {
            color: Theme.colours.inkSoft
            font.pixelSize: Theme.small
            text: root.label
            width: parent.width
        }
        Words {
            font.pixelSize: Theme.compact ? Theme.body : Theme.strong
            font.weight: Font.Bold
            text: root.value
            width: parent.width
        }
    }
    ActionButton {
        id: change

        anchors.right: parent.right
        anchors.rightMargin: Theme.gapTight
        anchors.verticalCenter: parent.verticalCenter
        icon: Theme.compact ? "" : "pencil"
        kind: "quiet"
        label: Theme.compact ? qsTr("改") : text
        text: qsTr("改%1").arg(root.label)
        visible: root.changeable

        onActivated: root.changeAsked()
    }
}
