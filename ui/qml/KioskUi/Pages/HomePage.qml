pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// What do you want to do? Four ways in, and what most people come for.
StagePage {
    id: root

    readonly property int blockHeight: Theme.elder || Theme.compact ? Theme.mm(20.5) : Theme.mm(Theme.landscape ? 36 : 44)
    required property HomeModel viewModel

    asideShare: Theme.elder ? 0 : (root.blockHeight * 2 + Theme.gap) / root.height
    backText: qsTr("退出")
    heading: Theme.elder ? qsTr("您要办什么？") : qsTr("您好，要办什么事？")
    lead: Theme.compact ? "" : qsTr("有凭条的，直接对着扫码口扫一扫")
    matterShare: Theme.elder ? 0.62 : 0.54
    objectName: "home"

    aside: Grid {
        id: blocks

        readonly property int cell: (width - Theme.gap) / 2

        columns: 2
        spacing: Theme.gap
        visible: !Theme.elder
        width: parent.width

        ChoiceCard {
            chevron: false
            filled: true
            height: root.blockHeight
            icon: Theme.landscape ? "" : "clipboard-pen"
            note: Theme.compact ? "" : qsTr("认证、登记、申请")
            text: qsTr("办业务")
            width: blocks.cell

            onActivated: root.viewModel.openBlock("handle")
        }
        ChoiceCard {
            chevron: false
            height: root.blockHeight
            icon: Theme.landscape ? "" : "search"
            note: Theme.compact ? "" : qsTr("办到哪一步了")
            text: qsTr("查一查")
            width: blocks.cell

            onActivated: root.viewModel.openBlock("query")
        }
        ChoiceCard {
            chevron: false
            height: root.blockHeight
            icon: Theme.landscape ? "" : "printer"
            note: Theme.compact ? "" : qsTr("凭条、证明")
            text: qsTr("打印取件")
            width: blocks.cell

            onActivated: root.viewModel.openBlock("collect")
        }
        ChoiceCard {
            chevron: false
            height: root.blockHeight
            icon: Theme.landscape ? "" : "message-circle-question-mark"
            note: Theme.compact ? "" : qsTr("怎么办、带什么")
            text: qsTr("问一问")
            width: blocks.cell

            onActivated: root.viewModel.openBlock("consult")
        }
    }

    NoticeCard {
        id: notice

        icon: root.viewModel.noticeIcon
        kind: "guide"
        text: root.viewModel.notice
        visible: text !== ""
        width: parent.width
    }
    Words {
        id: caption

        anchors.top: notice.visible ? notice.bottom : parent.top
        anchors.topMargin: notice.visible ? Theme.gap : 0
        font.pixelSize: Theme.body
        heading: true
        text: qsTr("大家常办")
        visible: !Theme.elder
    }
    PagedList {
        id: list

        anchors.bottom: turner.visible && !Theme.landscape ? turner.top : parent.bottom
        anchors.bottomMargin: turner.visible && !Theme.landscape ? Theme.gap : 0
        anchors.top: caption.visible ? caption.bottom : notice.visible ? notice.bottom : parent.top
        anchors.topMargin: caption.visible || notice.visible ? Theme.gap : 0
        items: Theme.elder ? root.viewModel.elderList : root.viewModel.frequent
        width: parent.width

        onChosen: code => root.viewModel.choose(code)
    }
    ListTurner {
        id: turner

        anchors.bottom: parent.bottom
        list: list
        width: Theme.landscape ? root.width - parent.width - Theme.gapWide : parent.width
        x: Theme.landscape ? parent.width - root.width : 0
    }
}
