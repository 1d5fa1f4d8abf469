pragma ComponentBehavior: Bound
import QtQuick

// A state in a word, with a dot for those who look and the word for those who read.
Rectangle {
    id: root

    property bool good: true
    required property string text

    Accessible.name: text
    Accessible.role: Accessible.StaticText
    color: good ? Theme.goodTint : Theme.amberTint
    implicitHeight: Theme.pillHeight
    implicitWidth: word.implicitWidth + Theme.dot + Theme.gap + Theme.wideGap
    radius: height / 2

    Rectangle {
        anchors.left: parent.left
        anchors.leftMargin: Theme.gap
        anchors.verticalCenter: parent.verticalCenter
        color: root.good ? Theme.good : Theme.amber
        height: Theme.dot
        radius: Theme.dot / 2
        width: Theme.dot
    }
    Caption {
        id: word

        Accessible.ignored: true
        anchors.left: parent.left
        anchors.leftMargin: Theme.gap + Theme.dot + Theme.gap / 2
        anchors.verticalCenter: parent.verticalCenter
        color: root.good ? Theme.good : Theme.amberInk
        font.pixelSize: Theme.smallSize
        text: root.text
    }
}
