pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.Templates as T

// Something that a hand does now.
T.Button {
    id: root

    property bool prominent: false

    Accessible.name: text
    focusPolicy: Qt.StrongFocus
    font.family: Theme.family
    font.pixelSize: Theme.textSize
    implicitHeight: Theme.controlHeight
    implicitWidth: implicitContentWidth + leftPadding + rightPadding
    leftPadding: Theme.wideGap
    opacity: enabled ? 1 : Theme.faded
    rightPadding: Theme.wideGap

    background: Rectangle {
        border.color: root.visualFocus ? Theme.amber : Theme.primary
        border.width: root.visualFocus ? Theme.focusLine : root.prominent ? 0 : Theme.hairline
        color: root.prominent ? (root.down ? Theme.primaryPressed : Theme.primary) : (root.down ? Theme.tintPressed : Theme.sheet)
        radius: Theme.smallRadius
    }
    contentItem: Text {
        color: root.prominent ? Theme.sheet : Theme.primary
        elide: Text.ElideRight
        font: root.font
        horizontalAlignment: Text.AlignHCenter
        text: root.text
        verticalAlignment: Text.AlignVCenter
    }
}
