pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// Lay the card on the plate: the picture points where the guide light shines.
StagePage {
    id: root

    readonly property string phase: root.viewModel.phase
    readonly property string picture: root.phase === "reading" ? "card-reading" : "card-lay"
    required property IdentifyModel viewModel

    asideShare: Math.min(0.5, 1 - (root.headingHeight + notices.implicitHeight + 2 * Theme.gapWide) / root.height)
    heading: root.phase === "asking" ? qsTr("正在向平台核对") : root.phase === "reading" ? qsTr("正在读，卡先别动") : root.phase === "recovering" ? qsTr("读卡器正在恢复") : qsTr("请把身份证放在感应区")
    lead: root.phase === "asking" ? qsTr("马上就好，请稍等") : root.phase === "reading" ? qsTr("读好了屏幕会告诉您") : root.phase === "recovering" ? qsTr("请稍等，好了会自动继续") : qsTr("右下方亮灯的地方，放平，先别拿走")
    matterShare: 0.52
    objectName: "identify"

    aside: Item {
        anchors.fill: parent

        Illustration {
            anchors.fill: parent
            name: root.picture
            visible: !Theme.landscape
        }
        CardNotices {
            viewModel: root.viewModel
            visible: Theme.landscape
            width: parent.width
        }
    }

    CardNotices {
        id: notices

        viewModel: root.viewModel
        visible: !Theme.landscape
        width: parent.width
    }
    Illustration {
        anchors.fill: parent
        name: root.picture
        visible: Theme.landscape
    }
}
