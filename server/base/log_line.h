// SPDX-License-Identifier: Apache-2.0
// log_line.h: the operator's log: one line for each event, three levels.
//
//   error   a developer or an operator should look
//   info    a change of state worth one line
//   debug   details for finding a cause
//
// With `none` as the least level the log writes nothing; simulations use that.
//
// There is no `warning`, because operators do not act on it. A line is an event and its fields, as
// text (`listening address=127.0.0.1:7777`) or, for programs, as JSON. A line never has a secret.
// The log escapes characters that a terminal would obey (printable.h), because model servers send
// texts too.
//
// Lives on: any thread.
#pragma once

#include <spdlog/fwd.h>

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace lockstep {

class LineLog {
 public:
  enum class Level : std::uint8_t { debug, info, error, none };
  enum class Style : std::uint8_t { text, json };
  // A text or a number: JSON has a number without quotes.
  struct Value {
    // Callers write a field as `{"port", 80}`, so both kinds convert implicitly.
    // NOLINTBEGIN(google-explicit-constructor)
    Value(std::string given) : text(std::move(given)) {}
    Value(std::string_view given) : text(given) {}
    Value(const char* given) : text(given) {}
    template <std::integral Number>
    Value(Number given) : text(std::to_string(given)), is_number(true) {}
    // NOLINTEND(google-explicit-constructor)
    std::string text;
    bool is_number = false;
  };
  using Fields = std::initializer_list<std::pair<std::string_view, Value>>;

  // To standard error.
  LineLog(Level least, Style style);
  ~LineLog();
  LineLog(const LineLog&) = delete;
  LineLog& operator=(const LineLog&) = delete;

  void error(std::string_view event, Fields fields = {}) { line(Level::error, event, fields); }
  void info(std::string_view event, Fields fields = {}) { line(Level::info, event, fields); }
  void debug(std::string_view event, Fields fields = {}) { line(Level::debug, event, fields); }

 private:
  void line(Level level, std::string_view event, Fields fields);

  Style style_;
  std::unique_ptr<spdlog::logger> logger_;
};

}  // namespace lockstep
