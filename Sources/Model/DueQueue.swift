import FoundationEssentials

/// Clients by due time, the earliest first: a binary heap. Adding and removing are O(log n).
///
/// Nothing is removed from the middle: an element is outdated if its number is not the client's last one, and the
/// caller drops an outdated element when it becomes the first.
struct DueQueue: Sendable {
    struct Element: Sendable {
        /// Seconds on the boot clock (`Moment.boot`).
        var at: Double
        var id: UUID
        var number: UInt64
    }

    private var elements: [Element] = []

    var first: Element? { elements.first }
    var count: Int { elements.count }

    mutating func add(_ element: Element) {
        var place = elements.count
        elements.append(element)
        while place > 0 {
            let above = (place - 1) / 2
            guard elements[place].at < elements[above].at else { return }
            elements.swapAt(place, above)
            place = above
        }
    }

    mutating func removeFirst() {
        guard let last = elements.popLast(), !elements.isEmpty else { return }
        elements[0] = last
        var place = 0
        while true {
            var least = place
            for below in [2 * place + 1, 2 * place + 2]
            where below < elements.count && elements[below].at < elements[least].at {
                least = below
            }
            guard least != place else { return }
            elements.swapAt(place, least)
            place = least
        }
    }

    mutating func removeAll() { elements.removeAll(keepingCapacity: true) }
}
