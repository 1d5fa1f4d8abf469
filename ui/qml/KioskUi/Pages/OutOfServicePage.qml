pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// The terminal cannot work: said plainly, with a way on and a short code for whoever is called.
StagePage {
    id: root

    required property OutOfServiceModel viewModel

    asideShare: 0.42
    backShown: false
    heading: qsTr("本机暂停服务")
    lead: qsTr("请找工作人员，或换一台机器")
    objectName: "out_of_service"

    aside: Illustration {
        anchors.fill: parent
        name: "resting"
    }

    Column {
        spacing: Theme.gap
        width: parent.width

        NoticeCard {
            icon: "phone"
            kind: "guide"
            text: qsTr("请打电话 %1").arg(Display.helpPhone)
            width: parent.width
        }
        NoticeCard {
            icon: "info"
            note: qsTr("打电话时报这个代码")
            text: qsTr("代码 %1").arg(root.viewModel.code)
            width: parent.width
        }
        NoticeCard {
            icon: "shield-check"
            text: qsTr("之前收下的件都在，不会丢")
            width: parent.width
        }
    }
}
