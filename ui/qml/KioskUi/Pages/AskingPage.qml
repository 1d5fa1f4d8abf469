pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// The platform is being asked; leaving is always possible.
StagePage {
    id: root

    required property AskingModel viewModel

    asideShare: 0.4
    heading: qsTr("正在查，请稍等")
    lead: qsTr("收件号 %1").arg(root.viewModel.number)
    objectName: "asking"

    aside: Icon {
        anchors.centerIn: parent
        name: "search"
        size: Theme.iconHuge
    }
}
