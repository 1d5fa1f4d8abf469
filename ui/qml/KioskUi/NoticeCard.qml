pragma ComponentBehavior: Bound
import QtQuick

// A sentence that matters now: what happened, and what to do. Icon and words, never colour alone.
Item {
    id: root

    default property alias actions: actionRow.data
    property string icon: "info"
    property string kind: "plain"
    property string note: ""
    required property string text
    readonly property color tone: root.kind === "trouble" ? Theme.colours.trouble : root.kind === "good" ? Theme.colours.good : Theme.colours.primary

    Accessible.ignored: true
    implicitHeight: visible ? content.implicitHeight + 2 * (Theme.compact ? Theme.gapTight : Theme.pad) : 0

    Surface {
        anchors.fill: parent
        border: root.kind === "trouble" ? Theme.colours.trouble : root.kind === "good" ? Theme.colours.good : root.kind === "guide" ? Theme.colours.guide : Theme.colours.hairline
        borderWidth: root.kind === "plain" ? Theme.line : Theme.lineStrong
        colour: root.kind === "trouble" ? Theme.colours.troubleTint : root.kind === "good" ? Theme.colours.goodTint : root.kind === "guide" ? Theme.colours.guideTint : Theme.colours.tint
        raised: false
    }
    Icon {
        id: mark

        anchors.left: parent.left
        anchors.leftMargin: Theme.pad
        anchors.verticalCenter: parent.verticalCenter
        colour: root.kind === "guide" ? Theme.colours.ink : root.tone
        name: root.icon
        size: Theme.icon
    }
    Column {
        id: content

        anchors.left: mark.right
        anchors.leftMargin: Theme.pad
        anchors.right: parent.right
        anchors.rightMargin: Theme.pad
        anchors.verticalCenter: parent.verticalCenter
        spacing: Theme.gapTight

        Words {
            color: root.kind === "plain" || root.kind === "guide" ? Theme.colours.ink : root.tone
            font.pixelSize: Theme.compact ? Theme.small : Theme.body
            font.weight: root.kind === "plain" ? Font.Normal : Font.Bold
            text: root.text
            width: parent.width
        }
        Words {
            color: Theme.colours.inkSoft
            font.pixelSize: Theme.small
            text: root.note
            visible: root.note !== ""
            width: parent.width
        }
        Flow {
            id: actionRow

            spacing: Theme.gap
            topPadding: children.length > 0 ? Theme.gapTight : 0
            visible: children.length > 0
            width: parent.width
        }
    }
}
