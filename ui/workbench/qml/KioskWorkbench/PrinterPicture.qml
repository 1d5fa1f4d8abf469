pragma ComponentBehavior: Bound
import QtQuick

// The printer, with the slip standing out of its slot.
Rectangle {
    id: root

    required property bool coverOpen
    required property bool hangs
    required property string paper
    required property url slip

    signal slipPressed

    Accessible.name: hangs ? qsTr("打印口有一张凭条") : qsTr("打印口没有凭条")
    Accessible.role: Accessible.Graphic
    clip: true
    color: Theme.tint
    radius: Theme.radius

    Image {
        id: body

        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.wideGap
        anchors.horizontalCenter: parent.horizontalCenter
        fillMode: Image.PreserveAspectFit
        mipmap: true
        source: "pictures/printer.svg"
        sourceSize.width: width + width
        width: parent.width - Theme.margin - Theme.margin
    }
    Image {
        id: cover

        anchors.bottom: body.top
        anchors.bottomMargin: -Theme.margin - Theme.margin
        anchors.horizontalCenter: parent.horizontalCenter
        fillMode: Image.PreserveAspectFit
        mipmap: true
        source: "pictures/printer-cover.svg"
        sourceSize.width: width + width
        visible: root.coverOpen
        width: body.width
    }
    Image {
        anchors.fill: cover
        mipmap: true
        source: "pictures/printer-roll.svg"
        sourceSize.width: width + width
        visible: root.coverOpen && root.paper !== "out"
    }
    Caption {
        anchors.centerIn: outside
        color: Theme.secondInk
        text: qsTr("凭条会从这里出来")
        visible: !root.hangs && !root.coverOpen
    }
    Item {
        id: outside

        anchors.bottom: body.top
        anchors.bottomMargin: -Theme.margin - Theme.gap
        anchors.left: parent.left
        anchors.right: parent.right
        anchors.top: parent.top
        anchors.topMargin: Theme.wideGap
        clip: true

        Item {
            id: slip

            readonly property real border: picture.width * Theme.slipBorder

            Accessible.name: qsTr("看大凭条")
            Accessible.role: Accessible.Button
            anchors.horizontalCenter: parent.horizontalCenter
            clip: true
            height: picture.height - border - border
            visible: y < outside.height
            width: picture.width - border - border
            y: root.hangs ? outside.height - height : outside.height

            Behavior on y {
                NumberAnimation {
                    duration: root.hangs ? Theme.slow : 0
                    easing.type: Easing.OutQuad
                }
            }

            Accessible.onPressAction: root.slipPressed()

            TapHandler {
                onTapped: root.slipPressed()
            }
            Image {
                id: picture

                fillMode: Image.PreserveAspectFit
                height: Math.min(implicitHeight, outside.height)
                source: root.slip
                sourceSize.width: body.width * Theme.slipShare
                width: height * implicitWidth / Math.max(implicitHeight, Theme.hairline)
                x: -slip.border
                y: -slip.border
            }
        }
    }
    Caption {
        anchors.bottom: body.bottom
        anchors.bottomMargin: Theme.wideGap + Theme.wideGap
        anchors.horizontalCenter: parent.horizontalCenter
        color: Theme.tint
        font.pixelSize: Theme.smallSize
        text: root.coverOpen ? qsTr("盖子开着") : root.paper === "out" ? qsTr("没有纸") : root.paper === "low" ? qsTr("纸快用完") : qsTr("有纸")
    }
    Rectangle {
        anchors.horizontalCenter: parent.horizontalCenter
        anchors.top: body.verticalCenter
        anchors.topMargin: -Theme.gap
        color: root.coverOpen || root.paper === "out" ? Theme.amber : root.paper === "low" ? Theme.amber : Theme.good
        height: Theme.lampHeight
        radius: height / 2
        width: Theme.headerHeight
    }
}
