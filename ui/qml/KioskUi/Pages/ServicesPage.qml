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
        id: list

        anchors.bottom: turner.visible && !Theme.landscape ? turner.top : parent.bottom
        anchors.bottomMargin: turner.visible && !Theme.landscape ? Theme.gap : 0
        anchors.top: parent.top
        items: root.viewModel.services
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
