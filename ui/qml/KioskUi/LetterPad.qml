pragma ComponentBehavior: Bound
import QtQuick

// Letters and digits to touch, where no pinyin keyboard is installed.
Column {
    id: root

    readonly property int keyWidth: (root.width - 9 * root.spacing) / 10
    readonly property var rows: ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm,. "]

    signal erased
    signal typed(string letter)

    spacing: Theme.mm(Theme.elder ? 5 : 2.6)

    Repeater {
        model: root.rows

        delegate: Row {
            id: line

            required property string modelData

            anchors.horizontalCenter: parent?.horizontalCenter
            spacing: root.spacing

            Repeater {
                model: line.modelData.split("")

                delegate: LetterKey {
                    required property string modelData

                    height: Math.max(Theme.mm(14.2), root.keyWidth)
                    letter: modelData
                    width: root.keyWidth

                    onActivated: root.typed(modelData)
                }
            }
        }
    }
    ActionButton {
        anchors.right: parent.right
        icon: "delete"
        text: qsTr("删一个字")

        onActivated: root.erased()
    }
}
