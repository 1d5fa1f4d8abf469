pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// Facts under one another, evenly spread over the height that is there: an icon, what it is called, what it is.
Item {
    id: root

    required property var facts
    readonly property int labelWidth: Theme.mm(Theme.elder ? 40 : Theme.compact ? 28 : 34)
    property int page: 0
    readonly property int pages: Math.ceil(root.facts.length / root.room)
    // Where even three lines a fact do not fit, the rest is a page away.
    readonly property int room: Theme.compact ? (Theme.elder || Display.english ? 2 : 3) : root.facts.length
    readonly property int rowHeight: Math.min(Theme.mm(Theme.landscape ? 40 : 56), Math.floor(root.height / Math.max(1, root.room)))
    // Little room: what it is called stands beside what it is, and both are a size smaller.
    readonly property bool tight: Theme.compact || root.rowHeight < Theme.mm(Theme.elder ? 58 : 30)

    Surface {
        anchors.fill: rows
    }
    Column {
        id: rows

        width: parent.width

        Repeater {
            model: root.facts.slice(root.page * root.room, (root.page + 1) * root.room)

            delegate: Item {
                id: fact

                required property int index
                required property var modelData

                height: Math.max(root.rowHeight, texts.implicitHeight + Theme.gapTight)
                width: rows.width

                Rectangle {
                    anchors.left: texts.left
                    anchors.right: parent.right
                    anchors.rightMargin: Theme.pad
                    color: Theme.colours.hairline
                    height: Theme.line
                    visible: fact.index > 0
                }
                Icon {
                    id: mark

                    anchors.left: parent.left
                    anchors.leftMargin: Theme.pad
                    anchors.verticalCenter: parent.verticalCenter
                    name: fact.modelData.icon
                    size: Theme.compact ? Theme.iconSmall : Theme.icon
                }
                Grid {
                    id: texts

                    anchors.left: mark.right
                    anchors.leftMargin: Theme.pad
                    anchors.right: parent.right
                    anchors.rightMargin: Theme.pad
                    anchors.verticalCenter: parent.verticalCenter
                    columns: root.tight ? 2 : 1
                    rowSpacing: Theme.mm(0.8)

                    Words {
                        color: Theme.colours.inkSoft
                        font.pixelSize: Theme.small
                        text: fact.modelData.label
                        width: root.tight ? root.labelWidth : texts.width
                    }
                    Words {
                        font.pixelSize: root.tight ? Theme.body : Theme.strong
                        text: fact.modelData.value
                        width: texts.width - (root.tight ? root.labelWidth : 0)
                    }
                }
            }
        }
    }
}
