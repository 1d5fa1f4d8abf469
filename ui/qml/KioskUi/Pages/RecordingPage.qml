pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// The moment in which the case is written down.
StagePage {
    id: root

    required property RecordingModel viewModel

    asideShare: 0.4
    backShown: false
    heading: qsTr("正在收件，请稍等")
    lead: qsTr("正在写入本机，先别离开")
    objectName: "recording"

    aside: Icon {
        anchors.centerIn: parent
        name: "hourglass"
        size: Theme.iconHuge
    }
}
