pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// The services of one block.
StagePage {
    id: root

    readonly property var headings: ({
            "handle": qsTr("您要办哪件事？"),
            "query": qsTr("您要查什么？"),
            "collect": qsTr("您要取什么？"),
            "consult": qsTr("您想问哪件事？")
        })
    required property ServicesModel viewModel

    heading: root.headings[root.viewModel.block] ?? qsTr("您要办哪件事？")
    lead: root.viewModel.block === "consult" ? qsTr("点开看谁能办、带什么、多久") : ""
    objectName: "services"

    NoticeCard {
        icon: "info"
        text: qsTr("这里现在还没有可办的事")
        visible: root.viewModel.services.length === 0
        width: parent.width
    }
    PagedList {
        anchors.fill: parent
        items: root.viewModel.services

        onChosen: code => root.viewModel.choose(code)
    }
}
