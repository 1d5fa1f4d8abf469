pragma ComponentBehavior: Bound
import QtQuick

// What a person at the platform said to the resident, a page at a time where it is longer than its room.
Item {
    id: root

    // How much of it one page takes, by its widest letters.
    readonly property int columns: Math.max(1, Math.floor(said.width / said.font.pixelSize) - 1)
    required property string heading
    property int mostHeight: 0
    property int page: 0
    readonly property var pages: root.text.length <= root.columns * root.rowsIn(root.room) ? [root.text] : root.viewModel.inPieces(root.text, root.columns * root.rowsIn(root.room - Theme.target - Theme.gap))
    readonly property int room: root.mostHeight - 2 * Theme.pad - caption.height - Theme.gapTight
    readonly property string text: root.viewModel.said
    required property ProgressModel viewModel

    function rowsIn(height: real): int {
        return Math.max(1, Math.floor(height / letter.height));
    }

    Accessible.ignored: true
    implicitHeight: content.implicitHeight + 2 * Theme.pad

    onPagesChanged: root.page = 0

    FontMetrics {
        id: letter

        font: said.font
    }
    Surface {
        anchors.fill: parent
        borderWidth: Theme.lineStrong
        colour: Theme.colours.tint
        raised: false
    }
    Column {
        id: content

        anchors.left: parent.left
        anchors.margins: Theme.pad
        anchors.right: parent.right
        anchors.top: parent.top
        spacing: Theme.gapTight

        Words {
            id: caption

            color: Theme.colours.inkSoft
            font.pixelSize: Theme.small
            heading: true
            text: root.heading
            width: parent.width
        }
        Words {
            id: said

            font.pixelSize: Theme.compact ? Theme.small : Theme.body
            text: root.pages[root.page] ?? ""
            width: parent.width
        }
        ActionButton {
            id: turner

            icon: "chevron-right"
            text: qsTr("往下看 %1/%2").arg(root.page + 1).arg(root.pages.length)
            visible: root.pages.length > 1

            // There is room for one button: after the last page comes the first.
            onActivated: root.page = (root.page + 1) % root.pages.length
        }
    }
}
