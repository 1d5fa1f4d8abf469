pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// For the site keeper: what to do now, then how the terminal is. Nothing here is about a resident.
StagePage {
    id: root

    // What has no room is said to be there; it moves up as soon as the first is done.
    readonly property int room: Theme.compact ? (Theme.elder ? 1 : 2) : Theme.elder ? 2 : 3
    required property KeeperModel viewModel

    asideShare: tasks.implicitHeight / root.height
    backShown: false
    heading: qsTr("管理员看这里")
    lead: root.viewModel.terminalNumber !== "" ? qsTr("本机编号 %1").arg(root.viewModel.terminalNumber) : qsTr("本机还没有编号")
    mainIcon: "check"
    mainText: qsTr("看完了")
    matterShare: 0.52
    objectName: "keeper"

    aside: Column {
        id: tasks

        spacing: Theme.gapTight
        width: parent.width

        Repeater {
            model: root.viewModel.tasks.slice(0, root.room)

            delegate: NoticeCard {
                required property var modelData

                icon: modelData.icon
                kind: modelData.kind
                note: modelData.note
                text: modelData.text
                width: tasks.width
            }
        }
        Words {
            color: Theme.colours.inkSoft
            font.pixelSize: Theme.small
            text: qsTr("还有 %1 件要做").arg(root.viewModel.tasks.length - root.room)
            visible: root.viewModel.tasks.length > root.room
            width: parent.width
        }
    }

    onMainActed: root.viewModel.close()

    FactList {
        id: factList

        anchors.bottom: more.visible ? more.top : parent.bottom
        anchors.bottomMargin: more.visible ? Theme.gap : 0
        anchors.top: parent.top
        facts: [
            {
                "icon": "printer",
                "label": qsTr("凭条纸"),
                "value": root.viewModel.slipPaper
            },
            {
                "icon": "file-text",
                "label": qsTr("A4 纸"),
                "value": root.viewModel.sheetPaper
            },
            {
                "icon": "send",
                "label": qsTr("等着送的"),
                "value": root.viewModel.waiting > 0 ? qsTr("%1 件").arg(root.viewModel.waiting) : qsTr("没有")
            },
            {
                "icon": "hourglass",
                "label": qsTr("最早一件"),
                "value": root.viewModel.oldest
            },
            {
                "icon": "user-check",
                "label": qsTr("要人看的"),
                "value": root.viewModel.parked > 0 ? qsTr("%1 件").arg(root.viewModel.parked) : qsTr("没有")
            },
            {
                "icon": "clock",
                "label": qsTr("上次送件"),
                "value": root.viewModel.lastSent
            },
            {
                "icon": "receipt-text",
                "label": qsTr("上次回音"),
                "value": root.viewModel.lastAnswers
            },
            {
                "icon": "wifi",
                "label": qsTr("上次联系"),
                "value": root.viewModel.lastHeard
            },
        ].filter(fact => fact.value !== "")
        width: parent.width
    }
    ActionButton {
        id: more

        anchors.bottom: parent.bottom
        text: factList.page + 1 < factList.pages ? qsTr("还有几条") : qsTr("回到前面")
        visible: factList.pages > 1
        width: parent.width

        onActivated: factList.page = (factList.page + 1) % factList.pages
    }
}
