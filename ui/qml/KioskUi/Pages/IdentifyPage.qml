pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// Lay the card on the plate: the picture points where the guide light shines.
StagePage {
    id: root

    readonly property string phase: root.viewModel.phase
    required property IdentifyModel viewModel

    asideShare: 0.5
    heading: root.phase === "reading" ? qsTr("正在读，卡先别动") : root.phase === "recovering" ? qsTr("读卡器正在恢复") : qsTr("请把身份证放在感应区")
    lead: root.phase === "reading" ? qsTr("读好了屏幕会告诉您") : root.phase === "recovering" ? qsTr("请稍等，好了会自动继续") : qsTr("右下方亮灯的地方，放平，先别拿走")
    matterShare: Theme.compact ? 0.5 : 0.48
    objectName: "identify"

    aside: Illustration {
        anchors.fill: parent
        name: root.phase === "reading" ? "card-reading" : "card-lay"
        visible: !Theme.landscape
    }

    Illustration {
        id: wide

        anchors.top: parent.top
        height: Theme.landscape ? parent.height - notices.height - (notices.height > 0 ? Theme.gap : 0) : 0
        name: root.phase === "reading" ? "card-reading" : "card-lay"
        visible: Theme.landscape
        width: parent.width
    }
    Column {
        id: notices

        anchors.bottom: Theme.landscape ? parent.bottom : undefined
        spacing: Theme.gap
        width: parent.width

        NoticeCard {
            icon: root.phase === "recovering" ? "rotate-ccw" : "triangle-alert"
            kind: root.phase === "recovering" ? "guide" : "trouble"
            text: root.viewModel.fault
            visible: text !== ""
            width: parent.width
        }
        NoticeCard {
            icon: "id-card"
            text: qsTr("没带身份证？请找工作人员帮忙")
            visible: !Theme.compact
            width: parent.width
        }
        NoticeCard {
            icon: "shield-check"
            text: qsTr("您的信息只用于办这件事，办完自动清除")
            visible: !Theme.compact || root.viewModel.fault === ""
            width: parent.width
        }
    }
}
