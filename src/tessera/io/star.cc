// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/star.h"

#include <algorithm>
#include <cctype>
#include <unordered_set>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"

namespace tessera {
namespace {

// A word of the file: where it stands, and whether it was quoted (a quoted word is always a value).
struct Token {
  std::string_view text;
  int64_t line = 0;
  bool quoted = false;
};

class Lexer {
 public:
  Lexer(std::string_view text, const std::string& source) : text_(text), source_(source) {}

  // False at the end.
  bool next(Token& token) {
    skip_blanks();
    if (at_ >= text_.size()) return false;
    token.line = line_;
    token.quoted = false;
    const char c = text_[at_];
    if (c == ';' && line_start_ == at_) return text_field(token);
    if (c == '\'' || c == '"') return quoted(token, c);
    const size_t begin = at_;
    while (at_ < text_.size() && !std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    token.text = text_.substr(begin, at_ - begin);
    return true;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n') {
        ++line_;
        line_start_ = ++at_;
      } else if (std::isspace(static_cast<unsigned char>(c))) {
        ++at_;
      } else if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else {
        return;
      }
    }
  }

  bool quoted(Token& token, char mark) {  // a quote ends before white space only, as in CIF
    const size_t begin = at_ + 1;
    for (size_t i = begin; i < text_.size() && text_[i] != '\n'; ++i)
      if (text_[i] == mark && (i + 1 == text_.size() || std::isspace(static_cast<unsigned char>(text_[i + 1])))) {
        token.text = text_.substr(begin, i - begin);
        token.quoted = true;
        at_ = i + 1;
        return true;
      }
    throw IoError(fmt::format("{}: line {}: a quote is not closed on its line", source_, line_));
  }

  bool text_field(Token& token) {
    const size_t begin = at_ + 1, end = text_.find("\n;", begin);
    if (end == std::string_view::npos)
      throw IoError(
          fmt::format("{}: line {}: a text field is not closed by a line that begins with ;", source_, line_));
    token.text = text_.substr(begin, end - begin);
    token.quoted = true;
    line_ +=
        std::count(text_.begin() + static_cast<int64_t>(begin), text_.begin() + static_cast<int64_t>(end), '\n') + 1;
    line_start_ = end + 1;
    at_ = end + 2;
    return true;
  }

  std::string_view text_;
  const std::string& source_;
  size_t at_ = 0, line_start_ = 0;
  int64_t line_ = 1;
};

bool is_block(const Token& t) {
  return !t.quoted && t.text.starts_with("data_") && t.text.find('/') == std::string_view::npos &&
         t.text.find('.') == std::string_view::npos && t.text.find('@') == std::string_view::npos;
}

// Follows the values of a loop by line. One line is one row (or several whole ones); a row wrapped over lines must end
// where a line ends, so that a value missing in one row and one too many in another do not pass for wrapping.
class RowCounter {
 public:
  explicit RowCounter(size_t columns) : columns_(columns) {}

  void value_on(int64_t line) {
    if (line != line_) {
      end_of_line();
      if (ragged_) return;
      line_ = line;
      if (in_row_ == 0) first_line_ = line;
    }
    ++on_line_;
  }
  void end() {
    if (ragged_) return;
    end_of_line();
    ragged_ = ragged_ || in_row_ != 0;
  }
  bool ragged() const { return ragged_; }
  int64_t first_line() const { return first_line_; }  // of the row in hand
  size_t found() const { return found_; }             // values on that line

 private:
  void end_of_line() {
    if (on_line_ == 0) return;
    if (in_row_ == 0) {
      found_ = on_line_;
      in_row_ = on_line_ % columns_ == 0 ? 0 : on_line_;
    } else {
      in_row_ += on_line_;
    }
    ragged_ = in_row_ > columns_;
    if (in_row_ == columns_) in_row_ = 0;
    on_line_ = 0;
  }

  size_t columns_, on_line_ = 0, in_row_ = 0, found_ = 0;
  int64_t line_ = 0, first_line_ = 0;
  bool ragged_ = false;
};

class Parser {
 public:
  Parser(std::string_view text, const std::string& source) : lexer_(text, source), source_(source) {}

  StarDocument parse() {
    Token token;
    bool more = lexer_.next(token);
    while (more) {
      if (!is_block(token)) fail(token.line, fmt::format("'{}' stands outside a data_ block", short_form(token.text)));
      more = block(token);
    }
    if (out_.tables.empty()) throw IoError(fmt::format("{}: is empty: no data_ block in it", source_));
    return std::move(out_);
  }

 private:
  [[noreturn]] void fail(int64_t line, const std::string& what) const {
    throw IoError(fmt::format("{}: line {}: {}", source_, line, what));
  }
  static std::string short_form(std::string_view text) { return std::string(text.substr(0, 40)); }

  // Reads one block; `token` is its header, afterwards the next block's. False at the end.
  bool block(Token& token) {
    StarTable table;
    table.name = token.text.substr(5);
    table.line = token.line;
    if (!names_.insert(table.name).second) fail(token.line, fmt::format("a second block data_{}", table.name));
    bool more = lexer_.next(token);
    const bool loop = more && !token.quoted && token.text == "loop_";
    table.is_loop = loop;
    if (loop) more = lexer_.next(token);
    more = loop ? read_loop(table, token, more) : read_pairs(table, token, more);
    out_.tables.push_back(std::move(table));
    return more;
  }

  void add_column(StarTable& table, const Token& token) const {
    const std::string name(token.text.substr(1));
    if (std::find(table.columns.begin(), table.columns.end(), name) != table.columns.end())
      fail(token.line, fmt::format("block data_{} has the column _{} twice", table.name, name));
    table.columns.push_back(name);
  }

  bool read_loop(StarTable& table, Token& token, bool more) {
    while (more && !token.quoted && token.text.starts_with('_')) {
      add_column(table, token);
      more = lexer_.next(token);
    }
    if (table.columns.empty()) fail(token.line, fmt::format("loop_ of block data_{} names no columns", table.name));
    RowCounter rows(table.columns.size());
    while (more && !is_block(token)) {
      if (!token.quoted && (token.text == "loop_"))
        fail(token.line, fmt::format("a second loop_ in block data_{}", table.name));
      rows.value_on(token.line);
      if (rows.ragged()) break;
      table.values.emplace_back(token.text);
      more = lexer_.next(token);
    }
    rows.end();
    if (rows.ragged())
      fail(rows.first_line(), fmt::format("block data_{}: expected {} values in a row, found {}; the loop is ragged",
                                          table.name, table.columns.size(), rows.found()));
    return more;
  }

  bool read_pairs(StarTable& table, Token& token, bool more) {
    while (more && !is_block(token)) {
      if (token.quoted || !token.text.starts_with('_'))
        fail(token.line,
             fmt::format("block data_{}: '{}' is neither a column nor a value", table.name, short_form(token.text)));
      add_column(table, token);
      const int64_t line = token.line;
      if (!lexer_.next(token) || is_block(token) || (!token.quoted && token.text.starts_with('_')))
        fail(line, fmt::format("block data_{}: _{} has no value", table.name, table.columns.back()));
      table.values.emplace_back(token.text);
      more = lexer_.next(token);
    }
    return more;
  }

  Lexer lexer_;
  const std::string& source_;
  StarDocument out_;
  std::unordered_set<std::string> names_;
};

bool has_blank(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return std::isspace(c); });
}

std::string formatted(const std::string& value) {
  const bool plain = !value.empty() && !has_blank(value) &&
                     std::string_view("_#'\";").find(value[0]) == std::string::npos && value != "loop_" &&
                     !is_block({value, 0, false});
  if (plain) return value;
  const auto fits = [&](char mark) {  // a quote ends before white space only
    for (size_t i = value.find(mark); i != std::string::npos; i = value.find(mark, i + 1))
      if (i + 1 == value.size() || std::isspace(static_cast<unsigned char>(value[i + 1]))) return false;
    return value.find('\n') == std::string::npos;
  };
  for (const char mark : {'"', '\''})
    if (fits(mark)) return mark + value + mark;
  if (value.find("\n;") != std::string::npos)
    throw UserError(fmt::format("STAR cannot hold a value with a line that begins with ';': '{}'", value));
  return "\n;" + value + "\n;\n";
}

void require_one_word(const StarTable& table) {
  if (has_blank(table.name) || !is_block({"data_" + table.name, 0, false}))
    throw UserError(fmt::format("STAR block name '{}' is not one word without '/', '.' and '@'", table.name));
  std::unordered_set<std::string_view> seen;
  for (const std::string& column : table.columns) {
    if (column.empty() || has_blank(column))
      throw UserError(fmt::format("STAR column name '{}' is not one word", column));
    if (!seen.insert(column).second)
      throw UserError(fmt::format("STAR block data_{} has the column _{} twice", table.name, column));
  }
}

}  // namespace

std::optional<size_t> StarTable::find(std::string_view column) const {
  const auto it = std::find(columns.begin(), columns.end(), column);
  if (it == columns.end()) return std::nullopt;
  return static_cast<size_t>(it - columns.begin());
}

const StarTable* StarDocument::find(std::string_view name) const {
  const auto it = std::find_if(tables.begin(), tables.end(), [&](const StarTable& t) { return t.name == name; });
  return it == tables.end() ? nullptr : &*it;
}

StarDocument parse_star(std::string_view text, const std::string& source) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // the mark that Windows editors put before UTF-8
  return Parser(text, source).parse();
}

StarDocument read_star(const std::filesystem::path& path) {
  return parse_star(read_text_file(path), path.string());
}

std::string format_star(const StarDocument& document) {
  std::string out = "# Written by Tessera\n";
  std::unordered_set<std::string_view> names;
  for (const StarTable& table : document.tables) {
    const size_t columns = table.columns.size();
    require_one_word(table);
    if (!names.insert(table.name).second) throw UserError(fmt::format("two STAR blocks data_{}", table.name));
    if (columns == 0 ? !table.values.empty()
                     : table.values.size() % columns != 0 || (!table.is_loop && table.values.size() != columns))
      throw UserError(fmt::format("STAR block data_{} is ragged: {} values in {} columns", table.name,
                                  table.values.size(), columns));
    out += "\ndata_" + table.name + "\n\n";
    if (!table.is_loop) {
      for (size_t i = 0; i < columns; ++i)
        out += fmt::format("_{:<40} {}\n", table.columns[i], formatted(table.values[i]));
      continue;
    }
    if (columns == 0) throw UserError(fmt::format("STAR block data_{} is a loop without columns", table.name));
    out += "loop_\n";
    for (size_t i = 0; i < columns; ++i) out += fmt::format("_{} #{}\n", table.columns[i], i + 1);
    std::vector<size_t> width(columns);
    for (size_t i = 0; i < table.values.size(); ++i)
      width[i % columns] = std::max(width[i % columns], std::min<size_t>(60, table.values[i].size()));
    for (size_t i = 0; i < table.values.size(); ++i) {
      const bool last = (i + 1) % columns == 0;
      const std::string value = formatted(table.values[i]);
      out += value;
      if (last) {
        out += '\n';
      } else {
        out.append(std::max<size_t>(1, width[i % columns] + 1 - std::min(width[i % columns], value.size())), ' ');
      }
    }
  }
  out += '\n';
  return out;
}

void write_star(const std::filesystem::path& path, const StarDocument& document) {
  write_text_file(path, format_star(document));
}

}  // namespace tessera
