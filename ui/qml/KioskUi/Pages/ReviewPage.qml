pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// Everything once more, each line with its own way to change it.
StagePage {
    id: root

    required property ReviewModel viewModel

    asideShare: !Theme.landscape && fault.visible ? fault.implicitHeight / root.height : 0
    heading: qsTr("请看一遍，对不对？")
    lead: qsTr("按“确认提交”之后，本机就收件")
    mainGuarded: true
    mainIcon: "check"
    mainText: qsTr("确认提交")
    matterShare: 0.6
    objectName: "review"

    aside: NoticeCard {
        id: fault

        icon: "circle-alert"
        kind: "trouble"
        text: root.viewModel.fault
        visible: text !== ""
        width: parent.width
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
