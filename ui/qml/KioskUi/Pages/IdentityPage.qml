pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// Is that you? Masked, because somebody may stand behind.
StagePage {
    id: root

    readonly property var leads: ({
            "plate": qsTr("读好了，卡可以拿走了"),
            "slot": qsTr("读好了，卡可以拔出来了"),
            "code": qsTr("核对好了，手机可以收好")
        })
    readonly property var pictures: ({
            "slot": "card-pull",
            "code": "code-done"
        })
    readonly property string shown: root.viewModel.shown
    required property IdentityModel viewModel

    asideShare: 0.3
    backShown: false
    heading: qsTr("这是您吗？")
    lead: root.leads[root.shown] ?? ""
    mainIcon: "user-check"
    mainText: qsTr("是我")
    objectName: "identity"

    aside: Illustration {
        anchors.fill: parent
        name: root.pictures[root.shown] ?? "card-lift"
    }

    onMainActed: root.viewModel.confirm()

    Column {
        spacing: Theme.compact ? Theme.gap : Theme.gapWide
        width: parent.width

        Item {
            height: facts.height + 2 * facts.anchors.topMargin
            width: parent.width

            Surface {
                anchors.fill: parent
            }
            Column {
                id: facts

                anchors.left: parent.left
                anchors.margins: Theme.pad
                anchors.right: parent.right
                anchors.top: parent.top
                anchors.topMargin: Theme.compact ? Theme.gapTight : Theme.pad
                spacing: Theme.compact ? 0 : Theme.gap

                Item {
                    height: Math.max(nameLabel.height, kind.height)
                    width: parent.width

                    Words {
                        id: nameLabel

                        anchors.verticalCenter: parent.verticalCenter
                        color: Theme.colours.inkSoft
                        font.pixelSize: Theme.small
                        text: qsTr("姓名")
                    }
                    Words {
                        id: kind

                        anchors.left: nameLabel.right
                        anchors.leftMargin: Theme.pad + Theme.iconSmall
                        anchors.right: parent.right
                        color: Theme.colours.primary
                        font.pixelSize: Theme.small
                        font.weight: Font.Bold
                        horizontalAlignment: Text.AlignRight
                        text: root.viewModel.kind
                    }
                    Icon {
                        anchors.right: kind.right
                        anchors.rightMargin: kind.contentWidth + Theme.gapTight
                        anchors.verticalCenter: parent.verticalCenter
                        name: root.shown === "code" ? "scan-qr-code" : "id-card"
                        size: Theme.iconSmall
                    }
                }
                Words {
                    font.pixelSize: Theme.compact && Theme.elder ? Theme.strong : Theme.title
                    font.weight: Font.Bold
                    text: root.viewModel.name
                    width: parent.width
                }
                Words {
                    color: Theme.colours.inkSoft
                    font.pixelSize: Theme.small
                    text: qsTr("证件号")
                }
                Words {
                    font.pixelSize: Theme.strong
                    font.weight: Font.Bold
                    text: root.viewModel.number
                    width: parent.width
                }
            }
        }
        NoticeCard {
            icon: "calendar-clock"
            kind: "guide"
            text: qsTr("这张证已过有效期，工作人员可能会联系您")
            visible: root.viewModel.expired
            width: parent.width
        }
        ActionButton {
            icon: "rotate-ccw"
            text: root.shown === "code" ? qsTr("不是我，换一个") : qsTr("不是我，重新放卡")
            width: parent.width

            onActivated: root.viewModel.deny()
        }
    }
}
