pragma ComponentBehavior: Bound
import QtQuick

// A button: a verb and its noun, with an icon. `main` is the next step, `guide` the warm one.
Pressable {
    id: root

    readonly property color colour: root.kind === "main" ? (root.looksEnabled ? Theme.colours.primary : Theme.colours.paper) : root.kind === "guide" ? Theme.colours.guide : Theme.colours.card
    property string icon: ""
    property bool iconLast: false
    property string kind: "plain"
    // What is read on it; the name that is heard may say more.
    property string label: root.text
    // What is deaf for a moment only does not change its looks.
    property bool looksEnabled: root.enabled
    readonly property color textColour: root.kind === "main" && root.looksEnabled ? Theme.colours.onPrimary : root.kind === "guide" ? Theme.colours.onGuide : root.kind === "main" ? Theme.colours.inkSoft : Theme.colours.primary
    property int textSize: root.kind === "main" || root.kind === "guide" ? Theme.strong : Theme.body

    implicitHeight: Math.max(root.kind === "main" ? Theme.mainTarget : Theme.target, words.implicitHeight + 2 * Theme.gapTight)
    implicitWidth: content.implicitWidth + 2 * Theme.pad

    Surface {
        anchors.fill: parent
        border: root.kind === "guide" || (root.kind === "main" && root.looksEnabled) ? root.colour : root.kind === "main" ? Theme.colours.border : Theme.colours.primary
        borderWidth: root.kind === "main" && !root.looksEnabled ? Theme.line : Theme.lineStrong
        colour: root.down ? Theme.colours.tint : root.colour
        raised: root.looksEnabled && root.kind !== "quiet"
    }
    Row {
        id: content

        anchors.centerIn: parent
        layoutDirection: root.iconLast ? Qt.RightToLeft : Qt.LeftToRight
        spacing: Theme.mm(2.6)

        Icon {
            anchors.verticalCenter: parent.verticalCenter
            colour: words.color
            name: root.icon || "check"
            size: root.textSize * 1.15
            visible: root.icon !== ""
        }
        Words {
            id: words

            Accessible.ignored: true
            anchors.verticalCenter: parent.verticalCenter
            color: root.down ? Theme.colours.primary : root.textColour
            font.pixelSize: root.textSize
            font.weight: root.kind === "plain" || root.kind === "quiet" ? Font.Normal : Font.Bold
            horizontalAlignment: Text.AlignHCenter
            text: root.label
            width: Math.min(implicitWidth, root.width > 0 ? root.width - 2 * Theme.gapTight - (root.icon !== "" ? root.textSize * 1.15 + content.spacing : 0) : implicitWidth)
        }
    }
}
