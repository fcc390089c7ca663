#include "sidecar/commands/cli.h"

#include <CLI/CLI.hpp>

#include <algorithm>

#include "sidecar/commands/command.h"
#include "sidecar/commands/nearest.h"

namespace restante::commands {

namespace {

/// CLI11's help with a usage line that says what is required.
class HelpText : public CLI::Formatter {
 public:
  explicit HelpText(std::string usage) : usage_(std::move(usage)) {
    constexpr std::size_t names_width = 26;
    column_width(names_width);
    label("Positionals", "Arguments");
  }
  std::string make_usage(const CLI::App*, std::string) const override { return "\nUsage: " + usage_ + "\n"; }

 private:
  std::string usage_;
};

bool is_option(const std::string& text) { return text.size() > 1 && text.front() == '-' && text != "--"; }

}  // namespace

struct Grammar::State {
  State(const std::string& command, const std::string& summary) : name(command), app(summary, "restante " + command) {}
  std::string name;
  CLI::App app;
};

Grammar::Grammar(const std::string& name, const std::string& usage, const std::string& summary)
    : state_(std::make_unique<State>(name, summary)) {
  state_->app.formatter(std::make_shared<HelpText>("restante " + name + " " + usage));
  state_->app.set_help_flag("-h,--help", "this text");
  state_->app.allow_extras();  // what is unknown is refused in our own words
}

Grammar::~Grammar() = default;

void Grammar::argument(const std::string& name, const std::string& description) {
  state_->app.add_option(name, description)->type_name("");
}

void Grammar::arguments(const std::string& name, const std::string& description) {
  CLI::Option* option = state_->app.add_option(name, description);
  option->type_name("")->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  option->expected(CLI::detail::expected_max_vector_size);
}

void Grammar::value(const std::string& name, const std::string& kind, const std::string& description) {
  CLI::Option* option = state_->app.add_option(name, description);
  option->type_name(kind)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void Grammar::flag(const std::string& name, const std::string& description) {
  state_->app.add_flag(name, description)->disable_flag_override();
}

void Grammar::examples(const std::string& text) { state_->app.footer("Examples:\n" + text); }

void Grammar::parse(const Arguments& arguments) {
  try {
    Arguments reversed(arguments.rbegin(), arguments.rend());  // CLI11 takes them from the back
    state_->app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    throw HelpWanted{state_->app.help()};
  } catch (const CLI::ArgumentMismatch& error) {
    const bool unfinished = is_option(arguments.back()) && arguments.back().find('=') == std::string::npos;
    throw UsageError((unfinished ? arguments.back() + " needs a value" : error.what()) + "; " + see_help());
  } catch (const CLI::ParseError& error) {
    throw UsageError(std::string(error.what()) + "; " + see_help());
  }
  refuse_unknown();
}

bool Grammar::has(const std::string& name) const { return state_->app.get_option(name)->count() > 0; }

Arguments Grammar::all(const std::string& name) const { return state_->app.get_option(name)->results(); }

std::optional<std::string> Grammar::get(const std::string& name) const {
  const Arguments values = all(name);
  if (values.empty()) return std::nullopt;
  if (values.size() > 1) throw UsageError(name + " was given more than once: give it once; " + see_help());
  return values.front();
}

std::string Grammar::require(const std::string& name) const {
  const auto value = get(name);
  if (!value) throw UsageError(name + " is missing; " + see_help());
  return *value;
}

void Grammar::exclude(const Arguments& names, const std::string& why) const {
  Arguments given;
  for (const std::string& name : names) {
    if (has(name)) given.push_back(name);
  }
  if (given.size() < 2) return;
  throw UsageError(given[0] + " and " + given[1] + " contradict each other: " + why + "; " + see_help());
}

std::string Grammar::see_help() const { return "see `restante " + state_->name + " --help`"; }

void Grammar::refuse_unknown() const {
  Arguments known;
  for (const CLI::Option* option : state_->app.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  const Arguments unknown = state_->app.remaining();
  const auto option = std::find_if(unknown.begin(), unknown.end(), is_option);
  if (option != unknown.end()) {
    const std::string typed = option->substr(0, option->find('='));
    throw UsageError("unknown option '" + typed + "': " + did_you_mean(typed, known) + see_help());
  }
  for (const std::string& text : unknown) {
    if (text == "--") continue;
    // The first thing that people try.
    const std::string writer = state_->name == "send" ? "send STREAM" : state_->name == "pub" ? "pub STREAM TOPIC" : "";
    const std::string way =
        writer.empty() ? "" : "messages come from standard input, as in `echo 42 | restante " + writer + "`; ";
    throw UsageError("unexpected argument '" + text + "': " + way + see_help());
  }
}

std::string did_you_mean(const std::string& typed, const Arguments& known) {
  const auto name = nearest_name(typed, known);
  return name ? "did you mean " + *name + "? " : "";
}

}  // namespace restante::commands
