pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.Layouts
import QtQuick.Templates as T

// The scanner and the code that is held under it.
Panel {
    id: root

    required property PrinterPlayer printer
    required property ScannerPlayer scanner

    device: scanner.device
    title: qsTr("扫码器")

    RowLayout {
        spacing: Theme.gap

        T.TextField {
            id: code

            Accessible.name: qsTr("码的内容")
            Layout.fillWidth: true
            color: Theme.ink
            font.family: Theme.family
            font.pixelSize: Theme.textSize
            implicitHeight: Theme.controlHeight
            leftPadding: Theme.gap
            placeholderText: qsTr("码的内容，可以粘贴")
            placeholderTextColor: Theme.secondInk
            rightPadding: Theme.gap
            selectByMouse: true
            selectedTextColor: Theme.sheet
            selectionColor: Theme.primary
            verticalAlignment: TextInput.AlignVCenter

            background: Rectangle {
                border.color: code.activeFocus ? Theme.primary : Theme.control
                border.width: Theme.hairline
                color: Theme.sheet
                radius: Theme.smallRadius

                Caption {
                    Accessible.ignored: true
                    anchors.left: parent.left
                    anchors.leftMargin: Theme.gap
                    anchors.verticalCenter: parent.verticalCenter
                    color: code.placeholderTextColor
                    text: code.placeholderText
                    visible: code.text === ""
                }
            }

            onAccepted: root.scanner.scan(text)
        }
        PushButton {
            enabled: code.text.trim() !== ""
            text: qsTr("扫这个码")

            onClicked: root.scanner.scan(code.text)
        }
        PushButton {
            enabled: root.printer.slipCode !== ""
            prominent: true
            text: qsTr("扫刚才的凭条")

            onClicked: root.scanner.scan(root.printer.slipCode)
        }
    }
}
