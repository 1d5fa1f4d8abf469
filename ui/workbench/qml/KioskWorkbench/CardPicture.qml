pragma ComponentBehavior: Bound
import QtQuick

// A practice card as it would look on the desk.
Item {
    id: root

    readonly property bool anonymous: card === "bank" || card === "forged" || card === "unknown-type"
    required property string card
    readonly property bool foreign: card === "泰斯特" || card === "测试己"

    implicitHeight: picture.implicitHeight * width / picture.implicitWidth
    implicitWidth: Theme.cardWidth

    Image {
        id: picture

        readonly property string kind: root.card === "bank" ? "bank" : root.anonymous ? "damaged" : root.card === "测试戊" ? "permit" : root.foreign ? "foreign" : "id"

        anchors.fill: parent
        mipmap: true
        source: "pictures/card-" + kind + ".svg"
        sourceSize.width: root.width + root.width
    }
    Caption {
        Accessible.ignored: true
        anchors.left: parent.left
        anchors.leftMargin: Theme.wideGap
        anchors.top: parent.top
        anchors.topMargin: Theme.gap / 2
        color: root.card === "bank" ? Theme.sheet : Theme.ink
        font.bold: true
        font.pixelSize: Theme.smallSize
        text: root.card === "bank" ? qsTr("银行卡") : root.anonymous ? qsTr("无名卡") : root.card
    }
}
