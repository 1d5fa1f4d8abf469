pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// Larger type, the other language, other colours, each one tap away on every page; and the telephone number.
Item {
    id: root

    required property FrameModel frame

    implicitHeight: Math.max(buttons.height, phone.height)

    Row {
        id: buttons

        spacing: Theme.gap

        QuietButton {
            icon: "a-large-small"
            text: Theme.elder ? qsTr("普通版") : qsTr("长辈版")

            onActivated: root.frame.toggleElder()
        }
        QuietButton {
            icon: "languages"
            // Each language is named in its own script, so it is not translated.
            text: Display.english ? "中文" : "English"

            onActivated: root.frame.toggleLanguage()
        }
        QuietButton {
            icon: "contrast"
            text: qsTr("看得清")
            visible: !root.frame.choosingDisplay

            onActivated: root.frame.chooseDisplay()
        }
    }
    Row {
        id: phone

        anchors.right: parent.right
        anchors.verticalCenter: buttons.verticalCenter
        spacing: Theme.mm(1.6)

        Icon {
            anchors.verticalCenter: parent.verticalCenter
            colour: Theme.colours.inkSoft
            name: "phone"
            size: Theme.iconSmall
        }
        Words {
            anchors.verticalCenter: parent.verticalCenter
            color: Theme.colours.inkSoft
            font.pixelSize: Theme.small
            text: qsTr("求助电话 %1").arg(Display.helpPhone)
        }
    }
}
