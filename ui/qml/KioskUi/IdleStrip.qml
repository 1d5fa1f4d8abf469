pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// Is anybody there? A calm strip over the top bar, with the seconds that are left and one way to stay.
Rectangle {
    id: root

    required property FrameModel frame

    color: Theme.colours.guide
    height: Math.max(Theme.topBar, stay.height + 2 * Theme.gapTight)
    visible: root.frame.idleWarning

    Icon {
        id: mark

        anchors.left: parent.left
        anchors.leftMargin: Theme.edge
        anchors.verticalCenter: parent.verticalCenter
        colour: Theme.colours.onGuide
        name: "hourglass"
        size: Theme.icon
    }
    Words {
        Accessible.role: Accessible.AlertMessage
        anchors.left: mark.right
        anchors.leftMargin: Theme.pad
        anchors.right: stay.left
        anchors.rightMargin: Theme.gap
        anchors.verticalCenter: parent.verticalCenter
        color: Theme.colours.onGuide
        font.pixelSize: Theme.compact ? Theme.small : Theme.body
        font.weight: Font.Bold
        text: qsTr("您还在吗？%1 秒后自动退出，信息会清除").arg(root.frame.idleSeconds)
    }
    ActionButton {
        id: stay

        anchors.right: parent.right
        anchors.rightMargin: Theme.edge
        anchors.verticalCenter: parent.verticalCenter
        height: Theme.target
        text: qsTr("我还在")

        onActivated: root.frame.stay()
    }
}
