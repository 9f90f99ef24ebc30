// SPDX-License-Identifier: Apache-2.0
#include "server/base/log_line.h"

#define SPDLOG_HEADER_ONLY
#define FMT_HEADER_ONLY
#include <spdlog/logger.h>
#include <spdlog/sinks/ansicolor_sink.h>

#include "schema/json/json_text.h"
#include "server/base/printable.h"

namespace lockstep {
namespace {

spdlog::level::level_enum level_of(LineLog::Level level) {
  switch (level) {
    case LineLog::Level::debug:
      return spdlog::level::debug;
    case LineLog::Level::info:
      return spdlog::level::info;
    case LineLog::Level::error:
      return spdlog::level::err;
    case LineLog::Level::none:
      return spdlog::level::off;
  }
  return spdlog::level::err;
}

// The value needs no quotes and has no character that a terminal obeys.
bool is_plain(std::string_view value) {
  return !value.empty() && value.find_first_of(" \"\n\r\t=") == std::string_view::npos &&
         printable(value) == value;
}

std::string text_line(std::string_view event, LineLog::Fields fields) {
  std::string line(event);
  for (const auto& [name, given] : fields) {
    const std::string& value = given.text;
    line += ' ';
    line += name;
    line += '=';
    if (is_plain(value)) {
      line += value;
    } else {
      append_text(line, value);
    }
  }
  return line;
}

// The fields of a JSON line after `time` and `level`, which the pattern writes.
std::string json_fields(std::string_view event, LineLog::Fields fields) {
  std::string line = "{";
  append_field(line, "event", event);
  for (const auto& [name, value] : fields) {
    if (!value.is_number) {
      append_field(line, name, value.text);
      continue;
    }
    append_name(line, name);
    line += value.text;
  }
  return line.substr(1);
}

}  // namespace

LineLog::LineLog(Level least, Style style) : style_(style) {
  auto sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>();
  logger_ = std::make_unique<spdlog::logger>("lockstep", std::move(sink));
  logger_->set_level(level_of(least));
  logger_->flush_on(spdlog::level::debug);
  if (style == Style::json) {
    logger_->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                         spdlog::pattern_time_type::utc);
  } else {
    logger_->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  }
}

LineLog::~LineLog() = default;

void LineLog::line(Level level, std::string_view event, Fields fields) {
  if (!logger_->should_log(level_of(level))) return;
  const std::string text =
      style_ == Style::json ? json_fields(event, fields) : text_line(event, fields);
  logger_->log(level_of(level), "{}", printable_json(text));
}

}  // namespace lockstep
