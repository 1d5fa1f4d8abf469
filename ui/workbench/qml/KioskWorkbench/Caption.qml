pragma ComponentBehavior: Bound
import QtQuick

// Text in the workbench's letters.
Text {
    id: root

    Accessible.name: text
    Accessible.role: Accessible.StaticText
    color: Theme.ink
    font.family: Theme.family
    font.pixelSize: Theme.textSize
    textFormat: Text.PlainText
    wrapMode: Text.Wrap
}
