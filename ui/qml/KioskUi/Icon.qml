pragma ComponentBehavior: Bound
import QtQuick

// One icon of the family, in one colour. Always beside its words, so hidden from screen readers.
Image {
    id: root

    property color colour: Theme.colours.primary
    required property string name
    property int size: Theme.icon

    Accessible.ignored: true
    fillMode: Image.PreserveAspectFit
    height: root.size
    source: "image://icon/" + root.name + "/" + String(root.colour).slice(1)
    sourceSize: Qt.size(root.size, root.size)
    width: root.size
}
