pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.Layouts

// One thing of the world: its name, its state, its plug, and what can be done with it.
Rectangle {
    id: root

    default property alias content: body.data
    property SimulatedDevice device: null
    property bool hasPlug: true
    property bool stateGood: device ? device.plugged : false
    property string stateText: !device || !device.running ? qsTr("没有运行") : device.plugged ? qsTr("已接好") : qsTr("已拔下")
    required property string title

    border.color: Theme.rule
    border.width: Theme.hairline
    color: Theme.sheet
    implicitHeight: column.implicitHeight + Theme.wideGap + Theme.wideGap
    radius: Theme.radius

    ColumnLayout {
        id: column

        anchors.fill: parent
        anchors.margins: Theme.wideGap
        spacing: Theme.gap

        RowLayout {
            spacing: Theme.gap

            Caption {
                Accessible.name: text
                Accessible.role: Accessible.Heading
                font.bold: true
                font.pixelSize: Theme.titleSize
                text: root.title
            }
            StateWord {
                good: root.stateGood
                text: root.stateText
            }
            Item {
                Layout.fillWidth: true
            }
            PushButton {
                Accessible.name: root.device && root.device.plugged ? qsTr("拔下%1").arg(root.title) : qsTr("接上%1").arg(root.title)
                enabled: root.device !== null && root.device.running
                implicitHeight: Theme.chipHeight
                text: root.device && root.device.running && !root.device.plugged ? qsTr("接上") : qsTr("拔下")
                visible: root.hasPlug

                onClicked: root.device.togglePlug()
            }
        }
        ColumnLayout {
            id: body

            Layout.fillHeight: true
            Layout.fillWidth: true
            enabled: root.device !== null && root.device.running
            spacing: Theme.gap
        }
        Caption {
            Layout.fillWidth: true
            color: Theme.amberInk
            font.pixelSize: Theme.smallSize
            text: root.device ? root.device.refusal : ""
            visible: text !== ""
        }
    }
}
