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
    PhoneMark {
        id: phone

        anchors.right: parent.right
        anchors.verticalCenter: buttons.verticalCenter
    }
}
