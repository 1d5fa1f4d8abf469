pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.VirtualKeyboard
import QtQuick.VirtualKeyboard.Settings
import KioskUi

// Words by touch: pinyin in the window itself. The keyboard learns nothing from anybody.
FocusScope {
    id: root

    property QuestionModel viewModel: null

    function open(model: QuestionModel): void {
        root.viewModel = model;
        input.text = model.answer;
        VirtualKeyboardSettings.locale = Display.english ? "en_GB" : "zh_CN";
        input.forceActiveFocus();
    }

    Rectangle {
        border.color: Theme.colours.primary
        border.width: Theme.lineStrong
        color: Theme.colours.card
        height: Math.max(Theme.mm(36), parent.height - panel.height - Theme.gap)
        radius: Theme.radius
        width: parent.width

        TextEdit {
            id: input

            Accessible.name: root.viewModel?.label ?? ""
            Accessible.role: Accessible.EditableText
            anchors.fill: parent
            anchors.margins: Theme.pad
            color: Theme.colours.ink
            focus: true
            font.family: Theme.family
            font.pixelSize: Theme.strong
            // Sensitive: the pinyin engine then keeps no user dictionary.
            inputMethodHints: Qt.ImhSensitiveData
            textFormat: TextEdit.PlainText
            wrapMode: TextEdit.Wrap

            onTextChanged: root.viewModel?.setText(input.text)
        }
    }
    InputPanel {
        id: panel

        anchors.bottom: parent.bottom
        width: parent.width
    }
}
