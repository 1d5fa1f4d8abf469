pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// Where am I, and does the terminal work: the site or the service and its step, the line, the devices, the time.
Rectangle {
    id: root

    required property FrameModel frame

    color: Theme.colours.bar
    height: Theme.topBar

    Rectangle {
        anchors.bottom: parent.bottom
        color: Theme.colours.onBar
        height: Theme.line
        visible: Theme.colours.bar === Theme.colours.paper
        width: parent.width
    }
    // For the site keeper, who knows it: the name held for three seconds. It does nothing while somebody is served.
    TapHandler {
        longPressThreshold: 3

        onLongPressed: root.frame.showKeeper()
    }
    Row {
        id: brand

        anchors.left: parent.left
        anchors.leftMargin: Theme.edge
        anchors.verticalCenter: parent.verticalCenter
        spacing: Theme.mm(2.4)

        BrandMark {
            anchors.verticalCenter: parent.verticalCenter
            size: Theme.strong * 1.5
        }
        Words {
            anchors.verticalCenter: parent.verticalCenter
            color: Theme.colours.onBar
            font.pixelSize: Theme.strong
            font.weight: Font.Bold
            text: qsTr("邻办")
            visible: !Theme.compact
        }
    }
    Column {
        anchors.left: brand.right
        anchors.leftMargin: Theme.gapWide
        anchors.right: terminalStates.left
        anchors.rightMargin: Theme.gap
        anchors.verticalCenter: parent.verticalCenter

        Words {
            color: Theme.colours.onBar
            font.pixelSize: Theme.small
            text: root.frame.place
            width: parent.width
        }
        Words {
            color: Theme.colours.onBar
            font.pixelSize: Theme.small
            font.weight: Font.Bold
            text: qsTr("第 %1 步，共 %2 步").arg(root.frame.step).arg(root.frame.steps)
            visible: root.frame.steps > 0
            width: parent.width
        }
    }
    Row {
        id: terminalStates

        anchors.right: parent.right
        anchors.rightMargin: Theme.edge
        anchors.verticalCenter: parent.verticalCenter
        spacing: Theme.gap

        Column {
            anchors.verticalCenter: parent.verticalCenter

            Row {
                anchors.right: parent.right
                spacing: Theme.gap

                StateMark {
                    icon: root.frame.lineIcon
                    text: root.frame.lineWords
                }
                Words {
                    color: Theme.colours.onBar
                    font.pixelSize: Theme.small
                    text: root.frame.clock
                }
            }
            StateMark {
                anchors.right: parent.right
                icon: root.frame.deviceIcon
                text: root.frame.deviceWords
                visible: text !== ""
            }
        }
        QuietButton {
            anchors.verticalCenter: parent.verticalCenter
            colour: Theme.colours.onBar
            icon: "a-large-small"
            text: qsTr("看得清")
            visible: Theme.compact && !root.frame.choosingDisplay

            onActivated: root.frame.chooseDisplay()
        }
    }
}
