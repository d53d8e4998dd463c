/// Every panel there is: a new one has its line here.
enum Panels {
    /// In the place of the list, while there is no open vault.
    static var gates: [any Panel.Type] { [NewVaultForm.self, UnlockForm.self] }

    /// Over the list.
    static var all: [any Panel.Type] {
        [
            ServiceMenu.self, ClientForm.self, PasteDialog.self, TagForm.self, CopyMenu.self, TrialForm.self,
            Inspector.self, ActivityLog.self, SettingsMenu.self, Report.self, DeleteQuestion.self,
            RevocationSearch.self,
            RevokeQuestion.self, CommandMenu.self,
        ]
    }
}
