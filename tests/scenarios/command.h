#pragma once
/// \file
/// A command of a story: its words, and its options NAME=VALUE.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/scenarios/stage.h"

namespace restante::scenarios {

/// Throws Fault with the cause, which names the form of the command.
class Command {
 public:
  explicit Command(const std::string& text);

  void run(Stage& stage) const;

 private:
  [[nodiscard]] std::string option(const std::string& name, const std::string& otherwise) const;
  [[nodiscard]] Stage::Path path(std::size_t at) const;
  [[nodiscard]] std::optional<core::Range> range_after_path() const;
  void check_options(const std::string& allowed) const;

  void run_start(Stage& stage) const;
  void run_send(Stage& stage) const;
  void run_settle(Stage& stage) const;
  bool run_path(Stage& stage) const;
  bool run_process(Stage& stage) const;
  void run_other(Stage& stage) const;

  std::vector<std::string> words_;
  std::map<std::string, std::string> options_;
};

}  // namespace restante::scenarios
