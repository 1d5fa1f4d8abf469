pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// The telephone number that stands on every page.
Row {
    id: root

    property bool short: false

    spacing: Theme.mm(1.6)

    Icon {
        anchors.verticalCenter: parent.verticalCenter
        colour: Theme.colours.inkSoft
        name: "phone"
        size: Theme.iconSmall
    }
    Words {
        anchors.verticalCenter: parent.verticalCenter
        color: Theme.colours.inkSoft
        font.pixelSize: Theme.small
        text: root.short ? Display.helpPhone : qsTr("求助电话 %1").arg(Display.helpPhone)
    }
}
