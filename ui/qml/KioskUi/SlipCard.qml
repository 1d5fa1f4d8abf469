pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// The slip: being printed, to be taken, or in trouble while the case is safe.
Item {
    id: root

    readonly property string slip: root.viewModel.slip
    readonly property bool trouble: root.slip === "failed" || root.slip === "unconfirmed"
    required property ResultModel viewModel

    implicitHeight: Math.max(drawing.height, texts.implicitHeight) + 2 * (Theme.compact ? Theme.gapTight : Theme.pad)

    Surface {
        anchors.fill: parent
        border: root.trouble ? Theme.colours.trouble : Theme.colours.guide
        borderWidth: root.slip === "declined" ? Theme.line : Theme.lineStrong
    }
    Illustration {
        id: drawing

        anchors.left: parent.left
        anchors.leftMargin: Theme.pad
        anchors.verticalCenter: parent.verticalCenter
        height: width
        name: root.slip === "printed" ? "slip-take" : root.slip === "printing" ? "slip-printing" : "slip-number"
        visible: !Theme.compact
        width: visible ? Theme.mm(Theme.landscape ? 44 : Theme.elder ? 44 : 60) : 0
    }
    Column {
        id: texts

        anchors.left: drawing.visible ? drawing.right : parent.left
        anchors.leftMargin: Theme.pad
        anchors.right: parent.right
        anchors.rightMargin: Theme.pad
        anchors.verticalCenter: parent.verticalCenter
        spacing: Theme.gapTight

        Words {
            font.pixelSize: Theme.compact ? Theme.body : Theme.strong
            font.weight: Font.Bold
            text: root.slip === "printing" ? qsTr("正在打印凭条…") : root.slip === "printed" ? qsTr("凭条打好了，请拿走") : root.slip === "unconfirmed" ? qsTr("请看看凭条出来了没有") : root.slip === "declined" ? qsTr("请记下上面的收件号") : root.slip === "failed" ? qsTr("凭条没打出来") : qsTr("这次没有凭条")
            visible: !(Theme.compact && Theme.elder && root.viewModel.canPrint)
            width: parent.width
        }
        Words {
            color: Theme.colours.inkSoft
            font.pixelSize: Theme.compact ? Theme.small : Theme.body
            text: root.slip === "printing" ? qsTr("请在下方出纸口等一下") : root.slip === "printed" ? qsTr("在屏幕下方的出纸口") : root.slip === "declined" ? qsTr("查进度的时候要用") : root.viewModel.slipFault || qsTr("请拿笔记下收件号，一样能查")
            width: parent.width
        }
        Flow {
            spacing: Theme.gap
            topPadding: Theme.gapTight
            visible: root.viewModel.canPrint
            width: parent.width

            ActionButton {
                icon: Theme.compact ? "" : "printer"
                text: root.slip === "none" ? qsTr("打印凭条") : qsTr("再打一次")
                textSize: Theme.compact ? Theme.small : Theme.body

                onActivated: root.viewModel.printAgain()
            }
            ActionButton {
                kind: "quiet"
                text: root.slip === "unconfirmed" ? qsTr("拿到了") : qsTr("不用打印")
                textSize: Theme.compact ? Theme.small : Theme.body

                onActivated: root.viewModel.decline()
            }
        }
    }
}
