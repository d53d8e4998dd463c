/// All panels; add a new panel here.
enum Panels {
    /// The panels in place of the list while no vault is open.
    static var gates: [any Panel.Type] { [NewVaultForm.self, UnlockForm.self] }

    /// The panels over the list.
    static var all: [any Panel.Type] {
        [
            ServiceMenu.self, ClientForm.self, PasteDialog.self, TagForm.self, CopyMenu.self, TrialForm.self,
            Inspector.self, ActivityLog.self, SettingsMenu.self, Report.self, DeleteQuestion.self,
            RevocationSearch.self,
            RevokeQuestion.self, CommandMenu.self,
        ]
    }
}
