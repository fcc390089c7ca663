/// \file
/// The rules of the house over the whole tree, and for each rule a bad snippet that it must find.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

#include "tests/house/rules.h"

namespace {

using namespace house;
namespace fs = std::filesystem;

const fs::path root = RESTANTE_SOURCE_DIR;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool is_text(const fs::path& path) {
  static const std::vector<std::string> kinds{".cpp", ".h",   ".py",   ".capnp", ".cmake",
                                              ".md",  ".txt", ".json", ".in",    ".sh"};
  return path.filename() == "dev" || path.filename() == "run" ||
         std::find(kinds.begin(), kinds.end(), path.extension()) != kinds.end();
}

std::vector<File> read_tree() {
  std::vector<File> files;
  for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator(); ++it) {
    const auto name = it->path().filename().string();
    if (it->is_directory() && (name == "build" || name == "__pycache__" || (name.front() == '.' && name != ".ci"))) {
      it.disable_recursion_pending();
    } else if (it->is_regular_file() && is_text(it->path())) {
      files.push_back(make_file(it->path().lexically_relative(root).generic_string(), read(it->path())));
    }
  }
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.path < b.path; });
  return files;
}

const std::vector<File>& tree() {
  static const auto files = read_tree();
  return files;
}

void expect_none(const Findings& findings) {
  for (const auto& finding : findings) FAIL_CHECK(finding);
}

void expect_none(Findings (*rule)(const File&)) {
  for (const auto& file : tree()) expect_none(rule(file));
}

std::size_t count(Findings (*rule)(const File&), const std::string& path, const std::string& text) {
  return rule(make_file(path, text)).size();
}

std::string repeat(const std::string& text, std::size_t times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}

}  // namespace

TEST_CASE("the tree is read") {
  REQUIRE(tree().size() > 20);
  for (const std::string path : {"CMakeLists.txt", "dev", "core/assert.h", "tests/house_rules_test.cpp"}) {
    CHECK(std::any_of(tree().begin(), tree().end(), [&](const File& file) { return file.path == path; }));
  }
}

TEST_CASE("third-party headers stay at home") { expect_none(foreign_includes); }
TEST_CASE("the arrows between the folders hold") { expect_none(arrows); }
TEST_CASE("the core is pure") { expect_none(core_is_pure); }
TEST_CASE("no banned call") { expect_none(banned_calls); }
TEST_CASE("nothing is left unfinished") { expect_none(unfinished); }
TEST_CASE("no path of one machine") { expect_none(machine_paths); }
TEST_CASE("no file is too long") { expect_none(too_long_files); }
TEST_CASE("no line is too long") { expect_none(too_long_lines); }
TEST_CASE("headers say #pragma once") { expect_none(headers_once); }
TEST_CASE("every test is in a target") { expect_none(tests_in_no_target(tree())); }
TEST_CASE("no function is too long, and the ratchet only shrinks") {
  expect_none(too_long_functions(tree(), parse_ratchet(read(root / "tests/house_rules_ratchet.txt"))));
}

TEST_CASE("comments and literals are not code") {
  const auto file =
      make_file("core/a.cpp", "a // rand()\n/* b\n c */ d \"rand() \\\" x\" 'e' R\"(rand()\n)\" 1'000 f\n");
  REQUIRE(file.code.size() == 4);
  CHECK(file.code[0] == "a          ");
  CHECK(file.code[1] == "    ");
  CHECK(file.code[2].find("rand") == std::string::npos);
  CHECK(file.code[2].find(" d \"") != std::string::npos);
  CHECK(file.code[3].ends_with("1'000 f"));
}

TEST_CASE("self-test: third-party headers") {
  CHECK(count(foreign_includes, "patterns/node.cpp", "#include <zmq.hpp>\n") == 1);
  CHECK(count(foreign_includes, "patterns/link/zmq_socket.cpp", "#include <zmq.hpp>\n") == 0);
  CHECK(count(foreign_includes, "sidecar/loop.cpp", "#include <SQLiteCpp/Database.h>\n") == 1);
  CHECK(count(foreign_includes, "sidecar/loop.cpp", "#include <sqlite3.h>\n") == 1);
  CHECK(count(foreign_includes, "patterns/include/restante/exactly_once.h", "#include <SQLiteCpp/Database.h>\n") == 1);
  CHECK(count(foreign_includes, "patterns/exactly_once/inbox.cpp", "#include <SQLiteCpp/Database.h>\n") == 0);
  CHECK(count(foreign_includes, "core/outbox.cpp", "#include <capnp/message.h>\n#include <kj/array.h>\n") == 2);
  CHECK(count(foreign_includes, "core/wire.cpp", "#include <capnp/message.h>\n") == 0);
  CHECK(count(foreign_includes, "sidecar/commands/up.cpp", "#include <CLI/CLI.hpp>\n") == 1);
  CHECK(count(foreign_includes, "sidecar/main.cpp", "#include <nlohmann/json.hpp>\n") == 1);
  CHECK(count(foreign_includes, "sidecar/main.cpp", "  #include <spdlog/spdlog.h>\n#include <fmt/core.h>\n") == 2);
  CHECK(count(foreign_includes, "core/a.h", "// #include <zmq.hpp>\n\nint x;\n") == 0);
}

TEST_CASE("self-test: arrows") {
  CHECK(count(arrows, "core/outbox.cpp", "#include \"patterns/link/link.h\"\n") == 1);
  CHECK(count(arrows, "core/outbox.cpp", "#include \"sidecar/loop.h\"\n") == 1);
  CHECK(count(arrows, "core/outbox.cpp", "#include <restante/node.h>\n") == 1);
  CHECK(count(arrows, "core/outbox.cpp", "#include \"core/outbox.h\"\n#include <vector>\n") == 0);
  CHECK(count(arrows, "patterns/node.cpp", "#include \"sidecar/loop.h\"\n") == 1);
  CHECK(count(arrows, "patterns/link/wake.cpp", "#include \"patterns/node_state.h\"\n") == 1);
  CHECK(count(arrows, "sidecar/loop.cpp", "#include \"patterns/node_state.h\"\n") == 1);
  CHECK(count(arrows, "sidecar/loop.cpp", "#include \"patterns/link/link.h\"\n#include <restante/node.h>\n") == 0);
  CHECK(count(arrows, "examples/01.cpp", "#include \"core/outbox.h\"\n") == 1);
  CHECK(count(arrows, "patterns/include/restante/node.h", "#include \"core/outbox.h\"\n") == 1);
  CHECK(count(arrows, "core/outbox.cpp", "#include \"outbox.h\"\n") == 1);
}

TEST_CASE("self-test: purity") {
  CHECK(count(core_is_pure, "core/a.cpp", "#include <thread>\n#include <sys/stat.h>\n#include <unistd.h>\n") == 3);
  CHECK(count(core_is_pure, "core/a.cpp", "#include <sstream>\n#include <ostream>\n#include <latch>\n") == 3);
  CHECK(count(core_is_pure, "core/a.cpp", "auto t = std::chrono::steady_clock::now();\n") == 2);
  CHECK(count(core_is_pure, "core/a.cpp", "void tick(Instant now);\n#include <chrono>\n") == 0);
  CHECK(count(core_is_pure, "sidecar/a.cpp", "#include <thread>\n") == 0);
}

TEST_CASE("self-test: banned calls") {
  CHECK(count(banned_calls, "tests/a.cpp",
              "std::this_thread::sleep_"
              "for(1s);\n") == 1);
  CHECK(count(banned_calls, "core/a.cpp",
              "u"
              "sleep(10);\nnano"
              "sleep (&t, 0);\n") == 2);
  CHECK(count(banned_calls, "sidecar/a.cpp", "strcpy(a, b);\nsprintf(a, b);\nx = rand();\natoi(s);\n") == 4);
  CHECK(count(banned_calls, "sidecar/a.cpp", "out << std::endl;\nstd::system(\"ls\");\n") == 2);
  CHECK(count(banned_calls, "core/a.cpp", "assert(x);\n") == 1);
  CHECK(count(banned_calls, "core/a.cpp", "static_assert(x);\nsnprintf(a, b, c);\nint system = 1;\n// rand()\n") == 0);
  CHECK(count(banned_calls, "core/a.h", "using namespace std;\n") == 1);
  CHECK(count(banned_calls, "core/a.cpp", "using namespace std;\n") == 0);
  CHECK(count(banned_calls, "core/a.h", "using namespace std::chrono_literals;\n") == 0);
}

TEST_CASE("self-test: unfinished work and machine paths") {
  CHECK(count(unfinished, "core/a.cpp",
              "int x;  // TO"
              "DO later\n") == 1);
  CHECK(count(unfinished, "docs/a.md",
              "FIX"
              "ME and XX"
              "X\n") == 2);
  CHECK(count(unfinished, "core/a.cpp", "\"/tmp/rs-XXXXXX\"\n") == 0);
  CHECK(count(machine_paths, "dev",
              "cd /wo"
              "rk/main\n") == 1);
  CHECK(count(machine_paths, "docs/a.md", "/run/restante/network/x\n") == 0);
}

TEST_CASE("self-test: shape") {
  CHECK(count(too_long_files, "core/a.cpp", repeat("\n", file_lines_max + 1)) == 1);
  CHECK(count(too_long_files, "core/a.cpp", repeat("\n", file_lines_max)) == 0);
  CHECK(count(too_long_lines, "tests/a.py", repeat("x", columns_max + 1) + "\n") == 1);
  CHECK(count(too_long_lines, "tests/a.py", repeat("\u00e9", columns_max) + "\n") == 0);
  CHECK(count(headers_once, "core/a.h", "int x;\n") == 1);
  CHECK(count(headers_once, "core/a.h", "// why\n#pragma once\n") == 0);
}

TEST_CASE("self-test: a test in no target") {
  const auto test = make_file("tests/core/a_test.cpp", "");
  CHECK(tests_in_no_target({test}).size() == 1);
  CHECK(tests_in_no_target({test, make_file("tests/core/CMakeLists.txt", "restante_sources(x b_test.cpp)\n")}).size() ==
        1);
  CHECK(tests_in_no_target({test, make_file("tests/core/CMakeLists.txt", "restante_sources(x *.cpp EXCLUDE y)\n")})
            .empty());
}

TEST_CASE("functions are found where they are") {
  const auto functions = functions_of(make_file("core/a.cpp",
                                                "namespace a {\nstruct B : C {\n  int d() const { return 1; }\n};\n"
                                                "B::B(int x)\n    : e_{x},\n      f_(x) {\n  if (x) {\n  }\n}\n"
                                                "const Table table{\n  {1},\n};\n}\n#define M(x) \\\n  {\n"
                                                "TEST_CASE(\"of that name\", \"[x]\") {\n}\n"));
  REQUIRE(functions.size() == 3);
  CHECK(functions[0].name == "d");
  CHECK(functions[0].lines == 1);
  CHECK(functions[1].name == "B::B");
  CHECK(functions[1].line_index == 4);
  CHECK(functions[1].lines == 6);
  CHECK(functions[2].name == "of that name");
}

TEST_CASE("self-test: function lengths and their ratchet") {
  const auto file = [](std::size_t lines) {
    return make_file("core/a.cpp", "void f() {\n" + repeat("  g();\n", lines - 2) + "}\n");
  };
  CHECK(too_long_functions({file(function_lines_max)}, {}).empty());
  CHECK(too_long_functions({file(function_lines_max + 1)}, {}).size() == 1);
  CHECK(too_long_functions({file(70)}, parse_ratchet("# why\ncore/a.cpp:f 70\n")).empty());
  CHECK(too_long_functions({file(71)}, {{"core/a.cpp:f", 70}}).size() == 1);
  CHECK(too_long_functions({file(69)}, {{"core/a.cpp:f", 70}}).size() == 1);
  CHECK(too_long_functions({file(50)}, {{"core/a.cpp:f", 70}}).size() == 1);
}
