pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.Templates as T

// One of several ways in which a thing can be; the one that holds is filled.
T.RadioButton {
    id: root

    property bool chosen: false
    property bool worrying: false

    Accessible.checked: chosen
    Accessible.name: text
    autoExclusive: false
    checkable: false
    focusPolicy: Qt.StrongFocus
    font.family: Theme.family
    font.pixelSize: Theme.textSize
    implicitHeight: Theme.chipHeight
    implicitWidth: implicitContentWidth + leftPadding + rightPadding
    leftPadding: Theme.wideGap - Theme.gap / 2
    opacity: enabled ? 1 : Theme.faded
    rightPadding: leftPadding

    background: Rectangle {
        border.color: root.visualFocus ? Theme.amber : root.chosen ? (root.worrying ? Theme.amber : Theme.primary) : Theme.rule
        border.width: root.visualFocus ? Theme.focusLine : Theme.hairline
        color: root.down ? Theme.tintPressed : root.chosen ? (root.worrying ? Theme.amberTint : Theme.tint) : Theme.sheet
        radius: height / 2
    }
    contentItem: Text {
        color: root.chosen ? (root.worrying ? Theme.amberInk : Theme.primary) : Theme.ink
        font.bold: root.chosen
        font.family: root.font.family
        font.pixelSize: root.font.pixelSize
        horizontalAlignment: Text.AlignHCenter
        text: root.text
        verticalAlignment: Text.AlignVCenter
    }
}
