pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// Words by touch, in the window itself; the keyboard under it is pinyin where that is installed, letters elsewhere.
FocusScope {
    id: root

    required property QuestionModel viewModel

    Component.onCompleted: input.text = root.viewModel.answer

    Rectangle {
        border.color: Theme.colours.primary
        border.width: Theme.lineStrong
        color: Theme.colours.card
        height: parent.height - keys.height - Theme.gap
        radius: Theme.radius
        width: parent.width

        TextEdit {
            id: input

            Accessible.name: root.viewModel.label
            Accessible.role: Accessible.EditableText
            anchors.fill: parent
            anchors.margins: Theme.pad
            clip: true
            color: Theme.colours.ink
            focus: true
            font.family: Theme.family
            font.pixelSize: Theme.strong
            // Sensitive: the pinyin engine then keeps no user dictionary.
            inputMethodHints: Qt.ImhSensitiveData
            textFormat: TextEdit.PlainText
            wrapMode: TextEdit.Wrap

            onTextChanged: root.viewModel.setText(input.text)
        }
    }
    Loader {
        id: keys

        anchors.bottom: parent.bottom
        source: Display.pinyin ? "PinyinPanel.qml" : "LetterPad.qml"
        width: parent.width
    }
    Connections {
        function onErased(): void {
            input.remove(input.cursorPosition - 1, input.cursorPosition);
        }
        function onTyped(letter: string): void {
            input.insert(input.cursorPosition, letter);
        }

        ignoreUnknownSignals: true
        target: keys.item
    }
}
