pragma ComponentBehavior: Bound
import QtQuick

// The reader's plate, and a card above it or on it.
Rectangle {
    id: root

    required property string card
    required property bool lies
    required property bool lit

    Accessible.name: root.lies ? qsTr("读卡器上有一张卡：%1").arg(root.card) : qsTr("读卡器上没有卡")
    Accessible.role: Accessible.Graphic
    clip: true
    color: Theme.tint
    implicitWidth: Theme.pictureWidth
    radius: Theme.radius

    Image {
        id: plate

        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.margin
        anchors.horizontalCenter: parent.horizontalCenter
        fillMode: Image.PreserveAspectFit
        mipmap: true
        source: "pictures/plate.svg"
        sourceSize.width: width + width
        width: parent.width - Theme.wideGap - Theme.wideGap
    }
    CardPicture {
        id: picture

        anchors.horizontalCenter: parent.horizontalCenter
        card: root.card
        rotation: root.lies ? 0 : Theme.cardTilt
        scale: root.lies ? 1 - Theme.gap / Theme.cardWidth : 1
        width: Theme.cardWidth
        y: root.lies ? plate.y + plate.height * Theme.cardPlace : Theme.wideGap + Theme.wideGap

        Behavior on rotation {
            NumberAnimation {
                duration: Theme.quick
                easing.type: Easing.OutCubic
            }
        }
        Behavior on scale {
            NumberAnimation {
                duration: Theme.quick
            }
        }
        Behavior on y {
            NumberAnimation {
                duration: Theme.quick
                easing.type: Easing.OutCubic
            }
        }
    }
    Rectangle {
        anchors.bottom: plate.bottom
        anchors.bottomMargin: plate.height * Theme.lampPlace
        anchors.horizontalCenter: parent.horizontalCenter
        color: root.lit ? Theme.amber : Theme.secondInk
        height: Theme.lampHeight
        radius: height / 2
        width: Theme.cardWidth / 2
    }
}
