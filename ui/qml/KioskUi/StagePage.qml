pragma ComponentBehavior: Bound
import QtQuick

// What every page is made of: a heading, a line that leads on, a picture or facts aside, and the page's own matter.
// Upright they stand under one another; on a wide screen the matter stands at the right of the rest.
FocusScope {
    id: root

    property alias aside: asideBox.data
    // Which part of the height the aside gets on an upright screen.
    property real asideShare: 0
    property bool backShown: true
    property string backText: qsTr("返回")
    readonly property bool beside: Theme.landscape && !root.plain
    required property string heading
    readonly property int headingHeight: words.height
    // Where a fault needs the room: one size for heading and text.
    property bool headingSmall: false
    property string lead: ""
    property bool mainEnabled: true
    // For what cannot be taken back: deaf for the length of a double tap after the page has turned.
    property bool mainGuarded: false
    property string mainIcon: "arrow-right"
    property string mainText: ""
    default property alias matter: body.data
    // Which part of the width the matter gets on a wide screen.
    property real matterShare: 0.56
    // The page lays out everything itself, its heading included.
    property bool plain: false

    signal mainActed

    Accessible.name: root.heading
    Accessible.role: Accessible.Pane
    focus: true

    Item {
        id: leading

        height: root.beside ? root.height : words.height + (root.asideShare > 0 ? asideBox.height + Theme.gapWide : 0)
        visible: !root.plain
        width: root.beside ? Math.round((root.width - Theme.gapWide) * (1 - root.matterShare)) : root.width

        Column {
            id: words

            spacing: Theme.gapTight
            width: parent.width

            Words {
                font.pixelSize: root.headingSmall ? Theme.body : Theme.title
                heading: true
                text: root.heading
                width: parent.width
            }
            Words {
                color: Theme.colours.inkSoft
                font.pixelSize: Theme.compact ? Theme.body : Theme.strong
                text: root.lead
                visible: root.lead !== "" && !(Theme.compact && Theme.elder)
                width: parent.width
            }
        }
        Item {
            id: asideBox

            anchors.top: words.bottom
            anchors.topMargin: Theme.compact ? Theme.gap : Theme.gapWide
            height: root.beside ? leading.height - y : Math.round(root.height * root.asideShare)
            width: parent.width
        }
    }
    Item {
        id: body

        anchors.bottom: parent.bottom
        anchors.right: parent.right
        anchors.top: root.beside || root.plain ? parent.top : leading.bottom
        anchors.topMargin: root.beside || root.plain ? 0 : Theme.gapWide
        width: root.beside ? root.width - leading.width - Theme.gapWide : root.width
    }
}
