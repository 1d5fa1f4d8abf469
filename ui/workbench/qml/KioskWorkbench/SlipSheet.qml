pragma ComponentBehavior: Bound
import QtQuick

// The slip in full size, over the window.
Rectangle {
    id: root

    required property url slip

    signal closed

    color: Theme.veil

    MouseArea {
        anchors.fill: parent

        onClicked: root.closed()
    }
    Image {
        anchors.bottom: parent.bottom
        anchors.horizontalCenter: parent.horizontalCenter
        anchors.margins: Theme.headerHeight
        anchors.top: parent.top
        fillMode: Image.PreserveAspectFit
        mipmap: true
        source: root.slip
    }
    PushButton {
        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.wideGap
        anchors.horizontalCenter: parent.horizontalCenter
        text: qsTr("收起凭条")

        onClicked: root.closed()
    }
}
