pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// The slip: being printed, to be taken, or in trouble while the case is safe.
Item {
    id: root

    readonly property bool asking: root.slip === "unconfirmed"
    readonly property var drawings: ({
            "printing": "slip-printing",
            "printed": "slip-take",
            "unconfirmed": "slip-take",
            "taken": "slip-scan"
        })
    readonly property var headings: ({
            "none": qsTr("这次没有凭条"),
            "printing": qsTr("正在打印凭条…"),
            "printed": qsTr("凭条打好了，请拿走"),
            "unconfirmed": qsTr("凭条出来了吗？"),
            "taken": qsTr("凭条请收好"),
            "declined": qsTr("请记下上面的收件号"),
            "failed": qsTr("凭条没打出来")
        })
    readonly property var hints: ({
            "none": qsTr("请拿笔记下收件号，一样能查"),
            "printing": qsTr("请在下方出纸口等一下"),
            "printed": qsTr("在屏幕下方的出纸口"),
            "unconfirmed": qsTr("请看看屏幕下方的出纸口"),
            "taken": qsTr("查进度的时候扫一扫就行"),
            "declined": qsTr("查进度的时候要用"),
            "failed": qsTr("请拿笔记下收件号，一样能查")
        })
    readonly property bool over: root.slip === "declined" || root.slip === "taken"
    readonly property string slip: root.viewModel.slip
    // No room for both the heading and the line under it.
    readonly property bool tight: Theme.compact && Theme.elder && root.viewModel.canPrint
    required property ResultModel viewModel

    implicitHeight: Math.max(drawing.height, texts.implicitHeight) + 2 * (Theme.compact ? Theme.gapTight : Theme.pad)

    Surface {
        anchors.fill: parent
        border: root.slip === "failed" ? Theme.colours.trouble : root.over ? Theme.colours.hairline : Theme.colours.guide
        borderWidth: root.over ? Theme.line : Theme.lineStrong
    }
    Illustration {
        id: drawing

        anchors.left: parent.left
        anchors.leftMargin: Theme.pad
        anchors.verticalCenter: parent.verticalCenter
        height: width
        name: root.drawings[root.slip] ?? "slip-number"
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
            text: root.headings[root.slip] ?? ""
            visible: !root.tight || root.asking
            width: parent.width
        }
        Words {
            color: Theme.colours.inkSoft
            font.pixelSize: Theme.compact ? Theme.small : Theme.body
            text: root.viewModel.slipFault || (root.hints[root.slip] ?? "")
            visible: !root.tight || !root.asking
            width: parent.width
        }
        Flow {
            spacing: Theme.gap
            topPadding: Theme.gapTight
            visible: root.viewModel.canPrint
            width: parent.width

            ActionButton {
                icon: Theme.compact ? "" : root.asking ? "check" : "printer"
                text: root.asking ? qsTr("出来了") : root.slip === "none" ? qsTr("打印凭条") : qsTr("再打一次")
                textSize: Theme.compact ? Theme.small : Theme.body

                onActivated: root.asking ? root.viewModel.confirmTaken() : root.viewModel.printAgain()
            }
            ActionButton {
                icon: Theme.compact || !root.asking ? "" : "printer"
                kind: root.asking ? "plain" : "quiet"
                text: root.asking ? qsTr("没有，再打一次") : qsTr("不用打印")
                textSize: Theme.compact ? Theme.small : Theme.body

                onActivated: root.asking ? root.viewModel.printAgain() : root.viewModel.decline()
            }
        }
    }
}
