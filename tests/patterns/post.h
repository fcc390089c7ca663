#pragma once
/// \file
/// A real sidecar in the test's own process.

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>

#include <restante/embedded.h>
#include <restante/node.h>
#include <catch2/catch.hpp>

#include "tests/patterns/link_fixture.h"

namespace restante::test {

inline constexpr Duration patience = std::chrono::seconds{20};

/// A store that survives its sidecars.
class Post {
 public:
  Post() {
    ::setenv("RESTANTE_RUNTIME_DIR", place_.file("run").c_str(), 1);
    up();
  }
  ~Post() { ::unsetenv("RESTANTE_RUNTIME_DIR"); }
  Post(const Post&) = delete;
  Post& operator=(const Post&) = delete;

  void up(const std::string& listen = {}) {
    EmbeddedOptions options;
    options.store = place_.file("store");
    options.ipc = place_.ipc("s.sock");
    options.listen = listen;
    // The path of a sidecar that was closed is let go in the background.
    REQUIRE(link::test::eventually([&] {
      try {
        sidecar_ = std::make_unique<EmbeddedSidecar>(options);
        return true;
      } catch (const Error&) {
        return false;
      }
    }));
  }
  void down() { sidecar_.reset(); }

  NodeOptions options() const {
    NodeOptions options;
    options.sidecar = place_.ipc("s.sock");
    options.log = [](int, std::string_view) {};
    return options;
  }
  [[nodiscard]] std::string listen() const { return sidecar_->listen(); }

 private:
  link::test::Place place_;
  std::unique_ptr<EmbeddedSidecar> sidecar_;
};

}  // namespace restante::test
