pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// What stands there all day: a street one knows, what can be done here, and one large way in. It does not move.
Item {
    id: root

    readonly property int pictureHeight: Theme.landscape ? Display.heightPx : Math.round(Display.heightPx * 0.52)
    readonly property int pictureWidth: Theme.landscape ? Math.round(Display.widthPx * 0.5) : Display.widthPx
    property bool waiting: false

    signal elderChosen
    signal keeperChosen
    signal languageChosen
    signal started

    Illustration {
        id: street

        anchors.right: parent.right
        fillMode: Image.PreserveAspectCrop
        height: root.pictureHeight
        name: "street"
        // Known before anything is laid out, so that the street is drawn once.
        sourceSize: Qt.size(Math.max(root.pictureWidth, root.pictureHeight * 1.2), Math.max(root.pictureHeight, root.pictureWidth / 1.2))
        width: root.pictureWidth

        // Somebody touches the picture, not the button: that is a start too.
        TapHandler {
            onTapped: root.started()
        }
    }
    Item {
        id: words

        anchors.bottom: parent.bottom
        anchors.left: parent.left
        anchors.margins: Theme.edge
        anchors.right: Theme.landscape ? street.left : parent.right
        anchors.top: Theme.landscape ? parent.top : street.bottom

        Column {
            id: greeting

            anchors.top: parent.top
            anchors.topMargin: Theme.landscape ? 0 : Theme.gapWide
            spacing: Theme.gap
            width: parent.width

            TapHandler {
                longPressThreshold: 3

                // For the site keeper, who knows it: the greeting held for three seconds.
                onLongPressed: root.keeperChosen()
                onTapped: root.started()
            }
            Words {
                color: Theme.colours.inkSoft
                font.pixelSize: Theme.strong
                text: Display.siteName
                width: parent.width
            }
            Words {
                color: Theme.colours.primary
                font.pixelSize: Theme.compact ? Theme.title : Theme.display
                heading: true
                text: qsTr("家门口，就能办")
                width: parent.width
            }
            Words {
                font.pixelSize: Theme.strong
                text: root.waiting ? qsTr("马上就好，请稍等") : qsTr("带上身份证，一步一步跟着走")
                visible: !Theme.compact || root.waiting
                width: parent.width
            }
        }
        Column {
            anchors.bottom: parent.bottom
            spacing: Theme.gap
            width: parent.width

            ActionButton {
                height: Math.round(Theme.mainTarget * (Theme.compact ? 1 : 1.6))
                icon: "arrow-right"
                iconLast: true
                kind: "guide"
                text: qsTr("开始")
                textSize: Theme.title
                width: parent.width

                onActivated: root.started()
            }
            Row {
                id: ways

                readonly property int share: (width - spacing) / 2

                spacing: Theme.gap
                width: parent.width

                ActionButton {
                    height: Theme.mm(21.2)
                    icon: Theme.compact ? "" : "a-large-small"
                    text: Theme.elder ? qsTr("普通版") : qsTr("长辈版")
                    textSize: Theme.compact ? Theme.small : Theme.strong
                    width: ways.share

                    onActivated: root.elderChosen()
                }
                ActionButton {
                    height: Theme.mm(21.2)
                    icon: Theme.compact ? "" : "languages"
                    text: Display.english ? "中文" : "English"
                    textSize: Theme.compact ? Theme.small : Theme.strong
                    width: ways.share

                    onActivated: root.languageChosen()
                }
            }
            PhoneMark {
                anchors.horizontalCenter: parent.horizontalCenter
            }
        }
    }
}
