pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// Show the slip to the scanner, or type the sixteen digits.
StagePage {
    id: root

    required property LookupModel viewModel

    asideShare: Theme.landscape ? 0 : 0.36
    heading: qsTr("扫凭条，或输入收件号")
    headingSmall: Theme.compact && fault.visible
    lead: Theme.compact ? "" : qsTr("把凭条上的码对着扫码口")
    mainEnabled: root.viewModel.filled
    mainIcon: "search"
    mainText: qsTr("查询")
    objectName: "lookup"

    aside: Item {
        anchors.fill: parent

        Illustration {
            anchors.bottom: typed.top
            anchors.bottomMargin: Theme.gap
            anchors.left: parent.left
            anchors.right: parent.right
            anchors.top: parent.top
            name: "slip-scan"
            visible: !fault.visible && !Theme.compact
        }
        NoticeCard {
            id: fault

            anchors.bottom: typed.top
            anchors.bottomMargin: Theme.gap
            icon: "circle-alert"
            kind: "trouble"
            text: root.viewModel.fault
            visible: text !== ""
            width: parent.width
        }
        TypedDigits {
            id: typed

            anchors.bottom: parent.bottom
            faulty: root.viewModel.fault !== ""
            hint: qsTr("16 位收件号")
            label: qsTr("收件号")
            shown: root.viewModel.shown
            width: parent.width
        }
    }

    Keys.onPressed: event => root.viewModel.typeText(event.text)
    onMainActed: root.viewModel.lookUp()

    DigitPad {
        anchors.fill: parent
        empty: root.viewModel.shown === ""

        onCleared: root.viewModel.clear()
        onErased: root.viewModel.erase()
        onTyped: digit => root.viewModel.typeText(digit)
    }
}
