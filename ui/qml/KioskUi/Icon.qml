pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// One icon of the family, in one colour. Always beside its words, so hidden from screen readers.
Image {
    id: root

    property color colour: Theme.colours.primary
    required property string name
    property int size: Theme.icon

    Accessible.ignored: true
    fillMode: Image.PreserveAspectFit
    height: root.size
    source: Drawings.icon(root.name, String(root.colour))
    sourceSize: Qt.size(root.size, root.size)
    width: root.size
}
