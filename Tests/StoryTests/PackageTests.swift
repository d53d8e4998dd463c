import Foundation
import Testing

/// The Debian package without its installation, which `make deb-test` tests.
@Suite("The Debian package")
struct PackageTests {
    private static let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("scripts").path

    /// The release, and dpkg-dev: a debug build loads Swift's libraries, which no package of Debian has.
    private static let canBuild =
        ProcessInfo.processInfo.environment["KEYFOB_PROGRAM"] != nil
        && FileManager.default.isExecutableFile(atPath: "/usr/bin/dpkg-shlibdeps")

    /// The package of the program at `program`, made in `folder`.
    private func package(_ story: Story, _ program: String, _ folder: String) async throws -> URL {
        let made = try await story.run(
            [program, folder], input: "", environment: ["SOURCE_DATE_EPOCH": "1700000000"],
            program: [Self.scripts + "/deb"])
        #expect(made.status == 0, "\(made.complaint)")
        let line = try #require(made.output.split(separator: "\n").first)
        return URL(fileURLWithPath: String(line.dropFirst("made ".count)))
    }

    private func dpkgDeb(_ story: Story, _ arguments: String...) async throws -> [Substring] {
        let outcome = try await story.run(arguments, input: "", environment: [:], program: ["/usr/bin/dpkg-deb"])
        #expect(outcome.status == 0, "\(outcome.complaint)")
        return outcome.output.split(separator: "\n")
    }

    @Test(
        "the package has the program, completions and manual pages, names each library, and is the same every time",
        .enabled(if: canBuild))
    func package() async throws {
        let story = try Story()
        let package = try await package(story, Story.program.path, story.folder.path + "/one")
        var files: Set<Substring> = [
            "./usr/bin/keyfob", "./usr/share/bash-completion/completions/keyfob",
            "./usr/share/zsh/vendor-completions/_keyfob", "./usr/share/fish/vendor_completions.d/keyfob.fish",
            "./usr/share/doc/keyfob/README.md", "./usr/share/doc/keyfob/changelog.gz",
            "./usr/share/doc/keyfob/copyright", "./usr/share/lintian/overrides/keyfob",
        ]
        for page in ManualPageTests.pages.keys { files.insert("./usr/share/man/man1/\(page).gz") }
        let listed = try await dpkgDeb(story, "--contents", package.path).map { $0.split(separator: " ") }
        #expect(Set(listed.compactMap(\.last).filter { !$0.hasSuffix("/") }) == files)
        for fields in listed {
            let mode = fields.last == "./usr/bin/keyfob" || fields[0].hasPrefix("d") ? "rwxr-xr-x" : "rw-r--r--"
            #expect(fields[0].dropFirst() == mode && fields[1] == "root/root", "\(fields)")
        }
        let dependencies = try await dpkgDeb(story, "--field", package.path, "Depends").joined().split(separator: ", ")
        let names = Set(dependencies.compactMap { $0.split(separator: " ").first })
        let needed: Set<Substring> = [
            "ca-certificates", "libc6", "libcurl4", "libmicrohttpd12", "libncursesw6", "libsodium23", "libsqlite3-0",
            "libtinfo6",
        ]
        #expect(names.isSuperset(of: needed), "\(names)")
        // The C++ library is linked statically only if the build machine has the static library.
        #expect(names.subtracting(needed).isSubset(of: ["libstdc++6", "libgcc-s1"]), "\(names)")

        let copy = story.folder.appendingPathComponent("another name")
        try FileManager.default.copyItem(at: Story.program, to: copy)
        let again = try await self.package(story, copy.path, story.folder.path + "/two folders")
        #expect(try Data(contentsOf: again) == Data(contentsOf: package))
        #expect(again.lastPathComponent == package.lastPathComponent)
    }
}
