pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.Layouts
import QtQuick.Window

// The workbench: everything around the terminal that a person can touch.
Window {
    id: root

    property bool beyond: false
    required property LinePlayer line
    required property MoreDevices more
    required property PlatformCount platform
    required property PrinterPlayer printer
    required property CardReaderPlayer reader
    required property ScannerPlayer scanner

    color: Theme.paper
    height: Theme.windowHeight
    minimumHeight: Theme.windowHeight
    minimumWidth: Theme.windowWidth
    title: qsTr("邻办 · 工作台")
    visible: true
    width: Theme.windowWidth
    // Beside the terminal, which opens on the left.
    x: Screen.virtualX + Screen.desktopAvailableWidth - width
    y: Screen.virtualY

    Rectangle {
        id: header

        anchors.left: parent.left
        anchors.right: parent.right
        anchors.top: parent.top
        color: Theme.primary
        height: Theme.headerHeight

        RowLayout {
            anchors.fill: parent
            anchors.leftMargin: Theme.margin
            anchors.rightMargin: Theme.margin
            spacing: Theme.wideGap

            Caption {
                Accessible.name: text
                Accessible.role: Accessible.Heading
                color: Theme.sheet
                font.bold: true
                font.pixelSize: Theme.headingSize
                text: qsTr("工作台")
            }
            Caption {
                Layout.fillWidth: true
                color: Theme.tint
                text: qsTr("终端周围的世界，在您手里")
            }
            PushButton {
                implicitHeight: Theme.chipHeight
                text: root.beyond ? qsTr("常用设备") : qsTr("更多设备")

                onClicked: root.beyond = !root.beyond
            }
            Caption {
                color: Theme.sheet
                text: root.platform.cases < 0 ? qsTr("中心平台还没有回答") : qsTr("中心平台已存 %1 件").arg(root.platform.cases)
            }
        }
    }
    MoreDevicesPage {
        anchors.bottom: parent.bottom
        anchors.left: parent.left
        anchors.margins: Theme.margin
        anchors.right: parent.right
        anchors.top: header.bottom
        more: root.more
        visible: root.beyond
    }
    RowLayout {
        anchors.bottom: parent.bottom
        anchors.left: parent.left
        anchors.margins: Theme.margin
        anchors.right: parent.right
        anchors.top: header.bottom
        spacing: Theme.wideGap
        visible: !root.beyond

        ColumnLayout {
            Layout.fillHeight: true
            spacing: Theme.wideGap

            ReaderPanel {
                Layout.fillHeight: true
                Layout.fillWidth: true
                reader: root.reader
            }
            ScannerPanel {
                Layout.fillWidth: true
                printer: root.printer
                scanner: root.scanner
            }
            LinePanel {
                Layout.fillWidth: true
                line: root.line
            }
        }
        PrinterPanel {
            Layout.fillHeight: true
            Layout.maximumWidth: Theme.printerWidth
            Layout.minimumWidth: Theme.printerWidth
            printer: root.printer

            onSlipPressed: sheet.visible = true
        }
    }
    SlipSheet {
        id: sheet

        anchors.fill: parent
        slip: root.printer.slipPicture
        visible: false

        onClosed: visible = false
    }
}
