/// \file
/// What is left when the process ends in the middle: by kill -9, without close(), by a fault of the disk.

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <functional>
#include <iterator>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/sidecar/store_contract.h"

using namespace restante;
using namespace restante::sidecar;
using Catch::Matchers::Contains;

namespace {

/// Runs `work` in a process of its own; what it writes to the descriptor can be read here.
class Child {
 public:
  explicit Child(const std::function<void(int out)>& work) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::close(ends[0]);
      try {
        work(ends[1]);
        ::_exit(0);
      } catch (const std::exception&) {
        ::_exit(99);
      }
    }
    ::close(ends[1]);
    in_ = ends[0];
  }
  ~Child() {
    ::close(in_);
    end();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The next number; 0 at the end.
  Sequence read() const {
    Sequence number = 0;
    return ::read(in_, &number, sizeof number) == static_cast<ssize_t>(sizeof number) ? number : 0;
  }
  void kill() const { ::kill(pid_, SIGKILL); }
  int end() {
    if (pid_ > 0 && ::waitpid(pid_, &status_, 0) == pid_) pid_ = -1;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
  }

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  int status_ = 0;
};

void tell(int out, Sequence number) {
  if (::write(out, &number, sizeof number) != static_cast<ssize_t>(sizeof number)) ::_exit(98);
}

/// Commits rows of ten messages each and tells of each commit, prunes now and then, for ever.
void commit_for_ever(const std::filesystem::path& directory, int out) {
  SqliteStore store(options_for(directory));
  Sequence last = store.image().streams.empty() ? 0 : store.image().streams[0].last_row;
  for (;; last += 10) {
    core::Transaction transaction = first_transaction();
    transaction.streams[0].last_row = last + 10;
    transaction.rows = {row_of(1, last + 1, last + 10, last, 500)};
    if (last % 100 == 50) {
      transaction.cursors = {{1, last - 40, {}}};
      transaction.prunes = {{1, last - 40}};
    }
    store.commit(transaction);
    tell(out, last + 10);
    if (last % 70 == 0) store.idle_work();
  }
}

/// Where the frames lie that end a commit.
std::vector<std::uint64_t> ends_of_commits(const std::filesystem::path& wal) {
  constexpr std::uint64_t header = 32, frame = 24 + 4096;
  std::ifstream file(wal, std::ios::binary);
  const std::string log{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::uint64_t> ends;
  for (std::uint64_t at = header; at + frame <= log.size(); at += frame) {
    if (log.substr(at + 4, 4) != std::string(4, '\0')) ends.push_back(at);
  }
  return ends;
}

}  // namespace

TEST_CASE("kill -9 in the middle of commits loses nothing that was committed", "[store]") {
  const TemporaryDirectory place;
  Sequence told = 0;
  for (int round = 0; round < 10; ++round) {
    Child child([&](int out) { commit_for_ever(place.path(), out); });
    for (int i = 0; i < 3 + 7 * round; ++i) {
      const Sequence number = child.read();
      REQUIRE(number > told);
      told = number;
    }
    child.kill();
    while (const Sequence number = child.read()) told = number;  // committed before the kill, read after it
    child.end();

    SqliteStore store(options_for(place.path()));
    const core::StoreImage image = store.image();
    const core::LoadReply reply = load_all(store, 1, image.cursors.empty() ? 0 : image.cursors[0].floor);
    CHECK(reply.damaged.empty());
    REQUIRE_FALSE(reply.rows.empty());
    CHECK(reply.rows.back().last >= told);
    CHECK(image.streams.at(0).last_row == reply.rows.back().last);  // all of a transaction or nothing
    Sequence previous = image.cursors.empty() ? 0 : image.cursors[0].floor;
    for (const core::RowRecord& row : reply.rows) {
      CHECK(row.first == previous + 1);
      previous = row.last;
    }
    told = std::max(told, previous);
  }
}

TEST_CASE("a log that the disk has damaged is told from one that a power cut has cut off", "[store]") {
  const TemporaryDirectory place;
  const auto wal = place.path() / "restante.db-wal";
  Child child([&](int) {
    SqliteStore store(options_for(place.path()));
    store.commit(first_transaction());
    for (Sequence first = 1; first < 6; ++first) store.commit(rows_of(1, first, first));
    ::_exit(0);
  });
  REQUIRE(child.end() == 0);
  const auto size = std::filesystem::file_size(wal);
  std::uint64_t rows_left = 0;
  bool is_told = true;
  const auto turn_octet = [&](std::uint64_t at) {
    std::fstream file(wal, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char octet = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(octet);
  };
  SECTION("in the first commit") { turn_octet(200); }
  SECTION("in the header") { turn_octet(20); }
  SECTION("in the salt of the frame that ends the last commit but one") {
    turn_octet(ends_of_commits(wal).at(4) + 9);
    rows_left = 3;
  }
  SECTION("in all of the frame that ends the last commit but one") {
    std::fstream file(wal, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(ends_of_commits(wal).at(4)));
    file << std::string(4096, '\0');
    rows_left = 3;
  }
  SECTION("in the last commit, as a power cut would leave it") {
    turn_octet(size - 100);
    rows_left = 4;
    is_told = false;
  }
  SECTION("cut off within the last commit") {
    std::filesystem::resize_file(wal, size - 100);
    rows_left = 4;
    is_told = false;
  }
  SqliteStore store(options_for(place.path()));
  CHECK(load_all(store).rows.size() == rows_left);
  std::size_t kept = 0;
  for (const auto& entry : std::filesystem::directory_iterator(place.path())) {
    if (entry.path().filename().string().starts_with("restante.db-wal.damaged-")) {
      ++kept;
      CHECK(entry.file_size() == size);
    }
  }
  CHECK(kept == (is_told ? 1 : 0));
  CHECK(store.warnings().size() == (is_told ? 1 : 0));
}

TEST_CASE("a stop without close() is seen, and the store is checked and goes on", "[store]") {
  const TemporaryDirectory place;
  Child child([&](int) {
    SqliteStore store(options_for(place.path()));
    store.commit(first_transaction());
    store.commit(rows_of(1, 1, 20));
    ::_exit(0);  // without destructors
  });
  REQUIRE(child.end() == 0);
  REQUIRE(std::filesystem::file_size(place.path() / "restante.db-wal") > 0);
  SECTION("with its log nothing is lost") {
    SqliteStore store(options_for(place.path()));
    CHECK(store.warnings().empty());
    CHECK(load_all(store).rows.size() == 20);
  }
  SECTION("without its log it says so") {
    std::filesystem::remove(place.path() / "restante.db-wal");
    const SqliteStore store(options_for(place.path()));
    REQUIRE(store.warnings().size() == 1);
    CHECK_THAT(store.warnings()[0], Contains("is gone"));
  }
}

TEST_CASE("a write that fails ends the store in this process and loses nothing that was committed", "[store]") {
  const TemporaryDirectory place;
  Child child([&](int out) {
    ::signal(SIGXFSZ, SIG_IGN);
    SqliteStore store(options_for(place.path()));
    store.commit(first_transaction());
    Sequence last = 0;
    const rlimit limit{600000, 600000};  // no file may grow beyond this: writes fail with EFBIG, which is not "full"
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      for (;; last += 10) {
        store.commit(rows_of(1, last + 1, last + 10, 1000));
        tell(out, last + 10);
      }
    } catch (const core::StoreFailed&) {
    }
    int refused = 0;
    const auto fails = [&](auto call) {
      try {
        call();
      } catch (const core::StoreFailed&) {
        ++refused;
      }
    };
    fails([&] { store.commit(core::Transaction{}); });
    fails([&] { store.image(); });
    fails([&] { load_all(store); });
    fails([&] { store.idle_work(); });
    store.close();  // says nothing and marks nothing
    ::_exit(refused);
  });
  Sequence told = 0;
  while (const Sequence number = child.read()) told = number;
  CHECK(child.end() == 4);
  CHECK(told > 100);
  SqliteStore store(options_for(place.path()));
  const auto reply = load_all(store);
  CHECK(reply.damaged.empty());
  CHECK(reply.rows.size() >= told);
}
