#include <algorithm>
#include <cctype>

#include "tests/house/rules.h"

namespace house {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Blanks comments and the insides of literals out of `text`, and keeps every newline where it is.
class Stripper {
 public:
  explicit Stripper(std::string_view text) : text_(text) {}

  std::string strip() {
    while (at_ < text_.size()) {
      if (text_.substr(at_, 2) == "//") {
        blank_to(text_.find('\n', at_));
      } else if (text_.substr(at_, 2) == "/*") {
        blank_to(after("*/", at_ + 2));
      } else if (text_[at_] == 'R' && text_.substr(at_ + 1, 1) == "\"" && !follows_word()) {
        raw_literal();
      } else if (text_[at_] == '"' || (text_[at_] == '\'' && !follows_word())) {  // 1'000 is no literal
        literal(text_[at_]);
      } else {
        out_ += text_[at_++];
      }
    }
    return out_;
  }

 private:
  [[nodiscard]] bool follows_word() const { return at_ > 0 && is_word(text_[at_ - 1]); }

  [[nodiscard]] std::size_t after(std::string_view mark, std::size_t from) const {
    const auto found = text_.find(mark, from);
    return found == std::string_view::npos ? found : found + mark.size();
  }

  void blank_to(std::size_t end) {
    for (end = std::min(end, text_.size()); at_ < end; ++at_) out_ += text_[at_] == '\n' ? '\n' : ' ';
  }

  void raw_literal() {
    const auto open = text_.find('(', at_);
    const std::string close = ')' + std::string(text_.substr(at_ + 2, std::min(open, text_.size()) - at_ - 2)) + '"';
    blank_to(after(close, at_));
  }

  void literal(char quote) {
    out_ += text_[at_++];
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n')
      blank_to(at_ + (text_[at_] == '\\' ? 2 : 1));
    if (at_ < text_.size()) out_ += text_[at_++];
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

File make_file(std::string path, std::string_view text) {
  File file{std::move(path), split(text), {}};
  file.code = is_cpp(file) ? split(Stripper(text).strip()) : file.lines;
  file.code.resize(file.lines.size());
  return file;
}

bool starts_with_any(std::string_view text, const std::vector<std::string_view>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](auto prefix) { return text.starts_with(prefix); });
}

bool is_header(const File& file) { return file.path.ends_with(".h"); }
bool is_cpp(const File& file) { return is_header(file) || file.path.ends_with(".cpp"); }

std::size_t find_word(std::string_view line, std::string_view word, std::size_t from) {
  for (auto found = line.find(word, from); found != line.npos; found = line.find(word, found + 1)) {
    const auto end = found + word.size();
    if ((found == 0 || !is_word(line[found - 1])) && (end == line.size() || !is_word(line[end]))) return found;
  }
  return line.npos;
}

std::string at(const File& file, std::size_t line_index, const std::string& text) {
  return file.path + ':' + std::to_string(line_index + 1) + ": " + text;
}

}  // namespace house
