pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// Is that you? Masked, because somebody may stand behind.
StagePage {
    id: root

    required property IdentityModel viewModel

    asideShare: 0.3
    backShown: false
    heading: qsTr("这是您吗？")
    lead: qsTr("读好了，身份证可以拿走了")
    mainIcon: "user-check"
    mainText: qsTr("是我")
    objectName: "identity"

    aside: Illustration {
        anchors.fill: parent
        name: "card-lift"
    }

    onMainActed: root.viewModel.confirm()

    Column {
        spacing: Theme.compact ? Theme.gap : Theme.gapWide
        width: parent.width

        Item {
            height: facts.height + 2 * Theme.pad
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
                spacing: Theme.compact ? 0 : Theme.gap

                Words {
                    color: Theme.colours.inkSoft
                    font.pixelSize: Theme.small
                    text: qsTr("姓名")
                }
                Words {
                    font.pixelSize: Theme.title
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
            text: qsTr("不是我，重新放卡")
            width: parent.width

            onActivated: root.viewModel.deny()
        }
    }
}
