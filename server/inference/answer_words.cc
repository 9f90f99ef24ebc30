// SPDX-License-Identifier: Apache-2.0
#include "server/inference/answer_words.h"

#include "schema/json/json_reader.h"
#include "server/inference/limits.h"
#include "server/inference/utf8_repair.h"

namespace lockstep {

std::optional<std::string> word_of(std::string_view text, const Redactor& redactor) {
  if (text.empty()) return {};
  return valid_utf8(redactor.sentence(text).substr(0, limits::finish_bytes_max));
}

std::optional<Json> clean_usage(std::optional<Json> usage, const Redactor& redactor) {
  if (!usage || usage->text.size() > limits::error_text_bytes_max) return {};
  usage->text = redactor.strike(usage->text);
  if (!read_json(usage->text, {.depth_max = limits::json_depth_max})) return {};
  return usage;
}

}  // namespace lockstep
