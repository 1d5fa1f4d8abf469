pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// A person's help. Honest: nothing here can ring a bell yet, so it says whom to call.
StagePage {
    id: root

    required property HelpModel viewModel

    asideShare: 0.36
    backShown: false
    heading: qsTr("请找身边的工作人员")
    lead: qsTr("您的事停在这里，不会丢")
    mainIcon: "arrow-left"
    mainText: qsTr("回去接着办")
    objectName: "help"

    aside: Illustration {
        anchors.fill: parent
        name: "staff"
    }

    onMainActed: root.viewModel.close()

    Column {
        spacing: Theme.gap
        width: parent.width

        Item {
            height: call.height + 2 * Theme.pad
            width: parent.width

            Surface {
                anchors.fill: parent
                border: Theme.colours.guide
                borderWidth: Theme.lineStrong
            }
            Column {
                id: call

                anchors.centerIn: parent
                width: parent.width - 2 * Theme.pad

                Words {
                    font.pixelSize: Theme.strong
                    horizontalAlignment: Text.AlignHCenter
                    text: qsTr("没有人在？请打电话")
                    width: parent.width
                }
                Words {
                    font.pixelSize: Theme.number
                    font.weight: Font.Bold
                    horizontalAlignment: Text.AlignHCenter
                    text: Display.helpPhone
                    width: parent.width
                }
            }
        }
        NoticeCard {
            icon: "clock"
            text: qsTr("办事的时间会多等您一会儿")
            visible: !Theme.compact
            width: parent.width
        }
    }
}
