pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.Layouts

// The card reader and the cards that lie beside it.
Panel {
    id: root

    readonly property bool lies: reader.lying !== ""
    required property CardReaderPlayer reader

    device: reader.device
    title: qsTr("读卡器")

    RowLayout {
        Layout.fillHeight: true
        spacing: Theme.wideGap

        PlatePicture {
            Layout.fillHeight: true
            card: root.lies ? root.reader.lying : root.reader.chosen
            lies: root.lies
            lit: root.reader.device.plugged
        }
        ColumnLayout {
            spacing: Theme.gap

            Caption {
                color: Theme.secondInk
                text: qsTr("手里拿哪张卡")
            }
            Flow {
                Layout.fillWidth: true
                spacing: Theme.gap

                Repeater {
                    model: [qsTr("身份证"), qsTr("有新住址"), qsTr("生僻字"), qsTr("已过期"), qsTr("港澳台居住证"), qsTr("外国人 2017"), qsTr("外国人 2023"), qsTr("银行卡"), qsTr("验证不过"), qsTr("不认识的卡")]

                    delegate: ChoiceButton {
                        id: choice

                        readonly property string card: ["测试甲", "测试乙", "测试𠮷㛃", "测试丁", "测试戊", "泰斯特", "测试己", "bank", "forged", "unknown-type"][index]
                        required property int index
                        required property string modelData

                        chosen: root.reader.chosen === card
                        text: modelData

                        onClicked: root.reader.choose(choice.card)
                    }
                }
            }
            Item {
                Layout.fillHeight: true
            }
            RowLayout {
                spacing: Theme.gap

                PushButton {
                    Layout.fillWidth: true
                    prominent: true
                    text: root.lies ? qsTr("拿起卡片") : qsTr("放上卡片")

                    onClicked: root.lies ? root.reader.lift() : root.reader.lay()
                }
                PushButton {
                    enabled: !root.lies
                    text: qsTr("读到一半拿走")

                    onClicked: root.reader.layAndSnatch()
                }
            }
        }
    }
}
