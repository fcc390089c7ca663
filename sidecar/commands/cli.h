#pragma once
/// \file
/// The options of one subcommand: which there are, how they are described, and what was typed. The only file pair that
/// knows CLI11; it only splits and describes, every value stays text until values.h reads it, so that all errors speak
/// with one voice.

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace restante::commands {

using Arguments = std::vector<std::string>;

/// `--help` was among the arguments: what to print instead.
struct HelpWanted {
  std::string text;
};

/// Describe first, then parse(), then ask.
class Grammar {
 public:
  /// `usage` is what follows `restante NAME` in the help, such as "STREAM [OPTIONS]".
  Grammar(const std::string& name, const std::string& usage, const std::string& summary);
  ~Grammar();
  Grammar(const Grammar&) = delete;
  Grammar& operator=(const Grammar&) = delete;

  void argument(const std::string& name, const std::string& description);
  /// One that may be given any number of times; after all others.
  void arguments(const std::string& name, const std::string& description);
  void value(const std::string& name, const std::string& kind, const std::string& description);
  void flag(const std::string& name, const std::string& description);
  void examples(const std::string& text);

  /// Throws HelpWanted, or UsageError for what is unknown (naming the nearest known name) or has no value.
  void parse(const Arguments& arguments);

  [[nodiscard]] bool has(const std::string& name) const;
  [[nodiscard]] Arguments all(const std::string& name) const;
  /// The value of an option that may be given once; nullopt if it was not. Throws UsageError if it was given twice.
  [[nodiscard]] std::optional<std::string> get(const std::string& name) const;
  /// As get(), for what must be there.
  [[nodiscard]] std::string require(const std::string& name) const;
  /// Throws UsageError if two of `names` were given.
  void exclude(const Arguments& names, const std::string& why) const;

 private:
  struct State;
  void refuse_unknown() const;
  [[nodiscard]] std::string see_help() const;

  std::unique_ptr<State> state_;
};

/// "did you mean send? " or nothing, for the end of a message about an unknown name.
std::string did_you_mean(const std::string& typed, const Arguments& known);

}  // namespace restante::commands
