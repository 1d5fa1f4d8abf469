pragma ComponentBehavior: Bound
import QtQuick

// Facts under one another, evenly spread over the height that is there: an icon, what it is called, what it is.
Item {
    id: root

    required property var facts
    readonly property int rowHeight: Math.min(Theme.mm(Theme.elder ? 44 : 38), Math.floor(root.height / Math.max(1, root.facts.length)))

    Surface {
        anchors.fill: rows
    }
    Column {
        id: rows

        width: parent.width

        Repeater {
            model: root.facts

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

                    readonly property int labelWidth: Theme.cap(Theme.elder ? 20 : 16)

                    anchors.left: mark.right
                    anchors.leftMargin: Theme.pad
                    anchors.right: parent.right
                    anchors.rightMargin: Theme.pad
                    anchors.verticalCenter: parent.verticalCenter
                    columns: Theme.compact ? 2 : 1
                    rowSpacing: Theme.mm(0.8)

                    Words {
                        color: Theme.colours.inkSoft
                        font.pixelSize: Theme.small
                        text: fact.modelData.label
                        width: Theme.compact ? Theme.mm(Theme.elder ? 34 : 26) : texts.width
                    }
                    Words {
                        font.pixelSize: Theme.compact ? Theme.body : Theme.strong
                        text: fact.modelData.value
                        width: texts.width - (Theme.compact ? Theme.mm(Theme.elder ? 34 : 26) : 0)
                    }
                }
            }
        }
    }
}
