pragma ComponentBehavior: Bound
import QtQuick

// Turns a list that is longer than its room: one page back, one page on, and which page this is.
Flow {
    id: root

    required property PagedList list

    spacing: Theme.gap
    visible: root.list.paged

    ActionButton {
        enabled: root.list.page > 0
        icon: "chevron-left"
        text: qsTr("上一页")
        visible: !Theme.compact

        onActivated: root.list.page -= 1
    }
    ActionButton {
        // A small screen has room for one button: after the last page comes the first.
        enabled: Theme.compact || !root.list.last
        icon: "chevron-right"
        text: qsTr("下一页")

        onActivated: root.list.page = (root.list.page + 1) % root.list.pages
    }
    Words {
        font.pixelSize: Theme.small
        height: Theme.compact ? implicitHeight : Theme.target
        text: qsTr("第 %1 页，共 %2 页").arg(root.list.page + 1).arg(root.list.pages)
        verticalAlignment: Text.AlignVCenter
    }
}
