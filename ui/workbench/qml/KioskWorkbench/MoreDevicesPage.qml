pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.Layouts

// The second page: every device that a terminal can have besides the three that every one has.
GridLayout {
    id: root

    required property MoreDevices more

    columnSpacing: Theme.wideGap
    columns: 2
    rowSpacing: Theme.wideGap
    uniformCellHeights: true
    uniformCellWidths: true

    Repeater {
        model: root.more.devices

        delegate: OtherDevicePanel {
            required property OtherDevice modelData

            Layout.fillHeight: true
            Layout.fillWidth: true
            other: modelData
        }
    }
}
