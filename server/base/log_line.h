// SPDX-License-Identifier: Apache-2.0
// log_line.h: what the operator reads: one line an event, three levels.
//
//   error   a developer or an operator should look
//   info    a change of state worth one line
//   debug   what helps to find out why
//
// `none`, as the least level, is a log that writes nothing: a simulation's.
//
// There is no `warning`, because nobody acts on it. A line is an event and its fields, as text
// (`listening address=127.0.0.1:7777`) or, for machines, as JSON. Secrets never stand in a line.
// What a terminal would obey is written as an escape (printable.h): model servers send error texts.
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
  // A text or a number: in JSON a number stands without quotes.
  struct Value {
    // Fields are written as `{"port", 80}`, so both kinds convert by themselves.
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
