pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// Colours one can see well. Chosen for this visit only.
StagePage {
    id: root

    readonly property var choices: [
        {
            "palette": "standard",
            "name": qsTr("标准颜色")
        },
        {
            "palette": "dark",
            "name": qsTr("黑底白字")
        },
        {
            "palette": "light",
            "name": qsTr("白底黑字")
        },
        {
            "palette": "low",
            "name": qsTr("柔和不刺眼")
        },
    ]
    required property DisplayModel viewModel

    backShown: false
    heading: qsTr("哪一种看得清？")
    lead: qsTr("您走后会变回原样")
    mainIcon: "check"
    mainText: qsTr("就用这个")
    matterShare: 0.7
    objectName: "display"

    onMainActed: root.viewModel.close()

    Grid {
        id: list

        columns: Theme.compact ? 2 : 1
        spacing: Theme.gap
        width: parent.width

        Repeater {
            model: root.choices

            delegate: ChoiceCard {
                required property var modelData

                checkable: true
                checked: Display.palette === modelData.palette
                chevron: false
                icon: Theme.compact ? "" : modelData.palette === "standard" ? "sun" : modelData.palette === "low" ? "lightbulb" : "contrast"
                text: modelData.name
                width: (list.width - (list.columns - 1) * Theme.gap) / list.columns

                onActivated: root.viewModel.choose(modelData.palette)
            }
        }
        ActionButton {
            icon: "a-large-small"
            text: Theme.elder ? qsTr("普通版") : qsTr("长辈版")
            visible: Theme.compact
            width: (list.width - Theme.gap) / 2

            onActivated: root.viewModel.toggleElder()
        }
        ActionButton {
            icon: "languages"
            // Each language is named in its own script, so it is not translated.
            text: Display.english ? "中文" : "English"
            visible: Theme.compact
            width: (list.width - Theme.gap) / 2

            onActivated: root.viewModel.toggleLanguage()
        }
    }
}
