pragma ComponentBehavior: Bound
import QtQuick

// Text to be read. Never elided: a page that has no room for its words is wrong.
Text {
    id: root

    property bool heading: false

    Accessible.name: root.text
    Accessible.role: root.heading ? Accessible.Heading : Accessible.StaticText
    color: Theme.colours.ink
    font.family: Theme.family
    font.pixelSize: Theme.body
    font.weight: root.heading ? Font.Bold : Font.Normal
    textFormat: Text.PlainText
    wrapMode: Text.Wrap
}
