pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// The card of one service: everything worth knowing before any effort is spent.
StagePage {
    id: root

    required property ServiceModel viewModel

    asideShare: obstacles.implicitHeight > 0 ? obstacles.implicitHeight / root.height : 0
    heading: root.viewModel.name
    lead: Theme.compact ? "" : root.viewModel.summary
    mainEnabled: root.viewModel.canStart
    mainText: qsTr("开始办理")
    matterShare: 0.6
    objectName: "service"

    aside: Item {
        anchors.fill: parent

        Column {
            id: obstacles

            spacing: Theme.gapTight
            width: parent.width

            Repeater {
                model: root.viewModel.obstacles

                delegate: NoticeCard {
                    required property var modelData

                    icon: modelData.icon
                    kind: modelData.blocking ? "trouble" : "guide"
                    text: modelData.text
                    width: obstacles.width
                }
            }
        }
    }

    onMainActed: root.viewModel.begin()

    FactList {
        id: factList

        anchors.bottom: more.visible ? more.top : parent.bottom
        anchors.bottomMargin: more.visible ? Theme.gap : 0
        anchors.top: parent.top
        facts: [
            {
                "icon": "users",
                "label": qsTr("谁能办"),
                "value": root.viewModel.who
            },
            {
                "icon": "backpack",
                "label": qsTr("带什么"),
                "value": root.viewModel.bring
            },
            {
                "icon": "clock",
                "label": qsTr("多久"),
                "value": root.viewModel.howLong
            },
            {
                "icon": "banknote",
                "label": qsTr("多少钱"),
                "value": root.viewModel.cost
            },
            {
                "icon": "map-pin",
                "label": qsTr("在哪取"),
                "value": root.viewModel.collect
            },
        ]
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
