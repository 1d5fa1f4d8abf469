pragma ComponentBehavior: Bound
import QtQuick

// Things to choose, as many as there is room for; the rest is a page away, never a drag away.
Item {
    id: root

    readonly property int fits: Math.max(1, Math.floor((root.height + Theme.gap) / (Theme.row + Theme.gap)))
    required property var items
    readonly property int most: Theme.elder ? 5 : 7
    property int page: 0
    readonly property bool paged: root.items.length > Math.min(root.fits, root.most)
    readonly property int pages: Math.ceil(root.items.length / root.room)
    readonly property int room: Math.max(1, Math.min(root.most, root.paged ? root.fits - 1 : root.fits))

    signal chosen(string code)

    onItemsChanged: root.page = Math.max(0, Math.min(root.page, root.pages - 1))

    Column {
        id: rows

        spacing: Theme.gap
        width: parent.width

        Repeater {
            model: root.items.slice(root.page * root.room, (root.page + 1) * root.room)

            delegate: ChoiceCard {
                required property var modelData

                icon: modelData.icon
                note: modelData.note
                text: modelData.name
                width: rows.width

                onActivated: root.chosen(modelData.code)
            }
        }
    }
    Row {
        anchors.bottom: parent.bottom
        spacing: Theme.gap
        visible: root.paged

        ActionButton {
            enabled: root.page > 0
            icon: "chevron-left"
            text: qsTr("上一页")

            onActivated: root.page -= 1
        }
        ActionButton {
            enabled: root.page < root.pages - 1
            icon: "chevron-right"
            text: qsTr("下一页")

            onActivated: root.page += 1
        }
        Words {
            anchors.verticalCenter: parent.verticalCenter
            font.pixelSize: Theme.small
            text: qsTr("第 %1 页，共 %2 页").arg(root.page + 1).arg(root.pages)
        }
    }
}
