/// What the user meant by a key, a click or an entry of the command menu. The raw values are what the settings call them.
public enum Action: String, Sendable, Hashable, CaseIterable {
    // Moving
    case moveDown = "move_down"
    case moveUp = "move_up"
    case pageDown = "page_down"
    case pageUp = "page_up"
    case moveToFirst = "move_to_first"
    case moveToLast = "move_to_last"
    case fold, unfold
    // Finding
    case filter
    case clear
    case nextOrder = "next_order"
    case mark
    case markAll = "mark_all"
    case groupByTag = "group_by_tag"
    // Tokens
    case refresh
    case refreshAll = "refresh_all"
    case keepFresh = "keep_fresh"
    case revoke
    case copyHeader = "copy_header"
    case copyToken = "copy_token"
    case copyMenu = "copy_menu"
    case inspect
    case tryRequest = "try_request"
    // Clients
    case add, edit, duplicate, delete, undo
    case paste
    case editTags = "edit_tags"
    // The rest of the screen
    case activity, settings, commands, lock, quit, help, redraw, suspend
    // Forms, menus and questions
    case submit, cancel, confirm
    case nextField = "next_field"
    case previousField = "previous_field"
    case nextChoice = "next_choice"
    case previousChoice = "previous_choice"
    case discover
    case olderRequest = "older_request"
    case newerRequest = "newer_request"
    case copyAll = "copy_all"
}
