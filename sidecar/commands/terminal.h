#pragma once
/// \file
/// The two streams that a command talks on: results on standard output, everything else on standard error.

#include <string>
#include <string_view>

namespace restante::commands {

/// Call it first: takes the places of standard streams that are closed, so that no socket or file gets them. Reading or
/// writing them then is the error that it would have been.
void keep_standard_places();

/// Whether standard error is a terminal: somebody watches.
bool on_terminal();

/// Whether somebody can be asked: standard input and standard error are terminals.
bool can_ask();

/// Asks on standard error; true if the line that is typed begins with y.
bool ask(const std::string& question);

/// Writes `text` whole to standard error; if nobody takes it, so be it.
void write_to_stderr(std::string_view text);

/// A line on standard error.
void say(const std::string& line);

/// Writes `text` to standard output and flushes it. Throws Error(misconfigured) if it cannot.
void print(std::string_view text);

}  // namespace restante::commands
