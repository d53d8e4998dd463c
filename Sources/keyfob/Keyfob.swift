@main
struct Keyfob {
    static func main() {}
}
