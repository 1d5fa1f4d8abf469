pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// One question: digits by the pad, a choice by a card, words by the keyboard, a name by the finger.
StagePage {
    id: root

    readonly property bool digits: root.viewModel.kind === "digits"
    required property QuestionModel viewModel

    asideShare: Theme.landscape ? 0 : (typed.implicitHeight + (fault.visible ? fault.implicitHeight + Theme.gap : 0)) / root.height
    heading: root.viewModel.prompt
    headingSmall: fault.visible && (Theme.compact || (Theme.elder && Theme.landscape))
    lead: fault.visible && (Theme.compact || Theme.elder) ? "" : root.viewModel.purpose
    mainEnabled: root.viewModel.filled
    mainText: qsTr("下一步")
    objectName: "question"

    aside: Column {
        spacing: Theme.gap
        width: parent.width

        TypedDigits {
            id: typed

            faulty: root.viewModel.fault !== ""
            hint: qsTr("请按数字键")
            label: root.viewModel.label
            shown: root.viewModel.shown
            visible: root.digits
            width: parent.width
        }
        NoticeCard {
            id: fault

            icon: "circle-alert"
            kind: "trouble"
            text: root.viewModel.fault
            visible: text !== ""
            width: parent.width
        }
    }

    Keys.onDeletePressed: root.viewModel.erase()
    Keys.onPressed: event => root.digits && root.viewModel.typeText(event.text)
    onMainActed: root.viewModel.goOn()

    Loader {
        active: root.digits
        anchors.fill: parent
        visible: active

        sourceComponent: DigitPad {
            empty: root.viewModel.shown === ""

            onCleared: root.viewModel.clear()
            onErased: root.viewModel.erase()
            onTyped: digit => root.viewModel.typeText(digit)
        }
    }
    Loader {
        active: root.viewModel.kind === "choice"
        anchors.fill: parent
        visible: active

        sourceComponent: Column {
            id: choices

            spacing: Theme.gap

            Repeater {
                model: root.viewModel.choices

                delegate: ChoiceCard {
                    required property var modelData

                    checkable: true
                    checked: modelData.value === root.viewModel.answer
                    chevron: false
                    text: modelData.label
                    width: choices.width

                    onActivated: root.viewModel.choose(modelData.value)
                }
            }
        }
    }
    Loader {
        active: root.viewModel.kind === "text"
        anchors.fill: parent
        focus: active
        visible: active

        sourceComponent: TextEntry {
            focus: true
            viewModel: root.viewModel
        }
    }
    Loader {
        active: root.viewModel.kind === "signature"
        anchors.fill: parent
        visible: active

        sourceComponent: SignatureEntry {
            label: root.viewModel.label
            pad: root.viewModel.pad
        }
    }
}
