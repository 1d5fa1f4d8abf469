pragma ComponentBehavior: Bound

import QtQuick

Rectangle {
    id: root

    color: "#FBFAF6"
    height: 1920
    width: 1080

    Column {
        anchors.centerIn: parent
        spacing: 60

        Text {
            color: "#1B2A33"
            font.family: "Noto Sans CJK SC"
            font.pixelSize: 96
            text: qsTr("邻办")
        }
        Text {
            color: "#1B2A33"
            font.family: "Noto Sans CJK SC"
            font.pixelSize: 48
            text: qsTr("您好，请点这里开始")
        }
        Rectangle {
            color: "#0B5C7A"
            height: 140
            radius: 16
            width: 480

            Text {
                anchors.centerIn: parent
                color: "#FFFFFF"
                font.family: "Noto Sans CJK SC"
                font.pixelSize: 48
                text: qsTr("开始")
            }
        }
    }
}
