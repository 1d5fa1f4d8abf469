pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.Layouts

// The receipt printer.
Panel {
    id: root

    required property PrinterPlayer printer

    signal slipPressed

    device: printer.device
    title: qsTr("凭条打印机")

    PrinterPicture {
        Layout.fillHeight: true
        Layout.fillWidth: true
        coverOpen: root.printer.coverOpen
        hangs: root.printer.slipHangs
        paper: root.printer.paper
        slip: root.printer.slipPicture

        onSlipPressed: root.slipPressed()
    }
    PushButton {
        Layout.fillWidth: true
        enabled: root.printer.slipHangs
        prominent: true
        text: qsTr("撕下凭条")

        onClicked: root.printer.takeSlip()
    }
    Flow {
        Layout.fillWidth: true
        spacing: Theme.gap

        Repeater {
            model: [qsTr("纸装满"), qsTr("纸快用完"), qsTr("把纸取出")]

            delegate: ChoiceButton {
                id: choice

                required property int index
                required property string modelData
                readonly property string paper: ["full", "low", "out"][index]

                chosen: root.printer.paper === paper
                text: modelData
                worrying: paper !== "full"

                onClicked: root.printer.setPaper(choice.paper)
            }
        }
        ChoiceButton {
            chosen: root.printer.coverOpen
            text: root.printer.coverOpen ? qsTr("合上盖子") : qsTr("打开盖子")
            worrying: true

            onClicked: root.printer.toggleCover()
        }
        ChoiceButton {
            chosen: root.printer.cutterJammed
            text: root.printer.cutterJammed ? qsTr("松开切刀") : qsTr("卡住切刀")
            worrying: true

            onClicked: root.printer.toggleCutter()
        }
    }
}
