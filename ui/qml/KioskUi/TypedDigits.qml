pragma ComponentBehavior: Bound
import QtQuick

// What was typed so far, in groups, as large as the line allows.
Rectangle {
    id: root

    property bool faulty: false
    required property string hint
    required property string label
    required property string shown

    Accessible.name: root.label + " " + root.shown
    Accessible.role: Accessible.StaticText
    border.color: root.faulty ? Theme.colours.trouble : Theme.colours.primary
    border.width: Theme.lineStrong
    color: Theme.colours.card
    implicitHeight: Math.max(Theme.target, words.implicitHeight + Theme.pad)
    radius: Theme.radius

    Words {
        id: words

        Accessible.ignored: true
        anchors.left: parent.left
        anchors.leftMargin: Theme.pad
        anchors.right: parent.right
        anchors.rightMargin: Theme.pad
        anchors.verticalCenter: parent.verticalCenter
        color: root.shown ? Theme.colours.ink : Theme.colours.inkSoft
        font.pixelSize: root.shown ? Theme.title : Theme.body
        font.weight: root.shown ? Font.Bold : Font.Normal
        fontSizeMode: Text.HorizontalFit
        minimumPixelSize: Theme.compact ? Theme.small : Theme.body
        text: root.shown || root.hint
        wrapMode: Text.NoWrap
    }
}
