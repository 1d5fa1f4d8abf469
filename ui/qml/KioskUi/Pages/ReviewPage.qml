pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// Everything once more, each line with its own way to change it.
StagePage {
    id: root

    required property ReviewModel viewModel

    asideShare: !Theme.landscape && notice.visible ? notice.implicitHeight / root.height : 0
    heading: qsTr("请看一遍，对不对？")
    headingSmall: Theme.landscape && root.viewModel.remark !== ""
    lead: root.viewModel.remark !== "" ? "" : qsTr("按“确认提交”之后，本机就收件")
    mainGuarded: true
    mainIcon: "check"
    mainText: qsTr("确认提交")
    matterShare: 0.6
    objectName: "review"

    aside: NoticeCard {
        id: notice

        icon: root.viewModel.fault !== "" ? "circle-alert" : "info"
        kind: root.viewModel.fault !== "" ? "trouble" : "guide"
        note: root.viewModel.remarkNote
        text: root.viewModel.fault !== "" ? root.viewModel.fault : root.viewModel.remark
        visible: text !== ""
        width: parent.width

        QuietButton {
            icon: "search"
            text: qsTr("查那一件")
            visible: root.viewModel.canLookUp

            onActivated: root.viewModel.lookUp()
        }
    }

    onMainActed: root.viewModel.confirm()

    Column {
        id: rows

        spacing: Theme.gap
        width: parent.width

        Repeater {
            model: root.viewModel.rows

            delegate: ReviewRow {
                required property var modelData

                changeable: modelData.key !== ""
                label: modelData.label
                value: modelData.value
                width: rows.width

                onChangeAsked: root.viewModel.edit(modelData.key)
            }
        }
    }
}
