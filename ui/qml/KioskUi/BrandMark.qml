pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// The mark of Linban: two roofs side by side.
Image {
    id: root

    property int size: Theme.icon

    Accessible.ignored: true
    height: root.size
    source: Drawings.illustration("brand", String(Theme.colours.onBar).slice(1) + "/" + String(Theme.colours.guide).slice(1))
    sourceSize: Qt.size(root.size, root.size)
    width: root.size
}
