pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.Layouts

// A device of the second page: how it is, in a sentence, and a button for each thing that can be done to it.
Panel {
    id: root

    required property OtherDevice other

    device: other.device
    title: other.title

    Caption {
        Layout.fillWidth: true
        color: Theme.secondInk
        text: root.other.telling
        visible: text !== ""
    }
    Flow {
        Layout.fillWidth: true
        spacing: Theme.gap

        Repeater {
            model: root.other.hands

            delegate: PushButton {
                required property int index
                required property string modelData

                implicitHeight: Theme.chipHeight
                text: modelData

                onClicked: root.other.act(index)
            }
        }
    }
    Item {
        Layout.fillHeight: true
    }
}
