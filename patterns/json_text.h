#pragma once
/// \file
/// Writes small JSON texts; the library has no need of more.

#include <cstdint>
#include <string>
#include <string_view>

namespace restante::detail {

/// Builds one JSON value by calls in the order of the text. Not thread-safe. The caller balances begin and end.
class JsonText {
 public:
  JsonText& begin_object() { return open('{'); }
  JsonText& end_object() { return close('}'); }
  JsonText& begin_list() { return open('['); }
  JsonText& end_list() { return close(']'); }
  JsonText& key(std::string_view name);

  JsonText& value(std::string_view text);  ///< octets that are not UTF-8 become U+FFFD
  JsonText& value(const char* text) { return value(std::string_view(text)); }
  JsonText& value(std::uint64_t number) { return raw(std::to_string(number)); }
  JsonText& value(bool truth) { return raw(truth ? "true" : "false"); }

  template <typename Value>
  JsonText& member(std::string_view name, const Value& what) {
    return key(name).value(what);
  }

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  JsonText& open(char bracket);
  JsonText& close(char bracket);
  JsonText& raw(std::string_view text);
  void separate();
  void quote(std::string_view text);

  std::string text_;
  bool first_ = true;
};

}  // namespace restante::detail
