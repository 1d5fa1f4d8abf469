pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// Things to choose, as many as there is room for; the rest is a page away, never a drag away.
Item {
    id: root

    // The turner stands under the list on an upright screen, beside it on a wide one.
    readonly property int fits: Math.max(1, Math.floor((root.height + Theme.gap) / (root.rowHeight + Theme.gap)))
    required property var items
    readonly property bool last: root.page >= root.pages - 1
    readonly property int most: Theme.elder ? 5 : 7
    property int page: 0
    readonly property bool paged: root.items.length > root.room
    readonly property int pages: Math.ceil(root.items.length / root.room)
    readonly property int room: Math.max(1, Math.min(root.most, root.fits))

    // English names take two lines on a small screen.
    readonly property int rowHeight: Theme.compact && Display.english ? Theme.mm(25) : Theme.row

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
}
