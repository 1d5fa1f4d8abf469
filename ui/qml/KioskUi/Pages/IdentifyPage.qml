pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// Lay the card on the plate: the picture points where the guide light shines.
StagePage {
    id: root

    readonly property var headings: ({
            "lay": qsTr("请把身份证放在感应区"),
            "insert": qsTr("请插入社保卡"),
            "reading": qsTr("正在读，卡先别动"),
            "asking": qsTr("正在向平台核对"),
            "recovering": qsTr("读卡器正在恢复")
        })
    readonly property var leads: ({
            "lay": qsTr("右下方亮灯的地方，放平，先别拿走"),
            "insert": qsTr("亮灯的地方，插到底，先别拔"),
            "reading": qsTr("读好了屏幕会告诉您"),
            "asking": qsTr("马上就好，请稍等"),
            "recovering": qsTr("请稍等，好了会自动继续")
        })
    readonly property string phase: root.viewModel.phase
    readonly property string picture: root.viewModel.slotOnly ? "card-insert" : root.phase === "reading" ? "card-reading" : "card-lay"
    required property IdentifyModel viewModel

    asideShare: Math.min(0.5, 1 - (root.headingHeight + notices.implicitHeight + 2 * Theme.gapWide) / root.height)
    heading: root.headings[root.phase]
    lead: root.leads[root.phase]
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
