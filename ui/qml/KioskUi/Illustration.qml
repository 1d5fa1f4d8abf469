pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// A drawing that teaches without words; what it shows is said beside it.
Image {
    id: root

    required property string name

    Accessible.ignored: true
    fillMode: Image.PreserveAspectFit
    source: Drawings.illustration(root.name, Theme.drawingColours)
    sourceSize: Qt.size(root.width, root.height)
}
