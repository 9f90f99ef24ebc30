// SPDX-License-Identifier: Apache-2.0
#include "server/inference/answer_words.h"

#include "engine/base/codes.h"
#include "schema/json/json_reader.h"
#include "server/inference/finish_reason.h"
#include "server/inference/limits.h"
#include "server/inference/media_limits.h"
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

Finish finish_of(std::string_view finish_reason, std::string_view model, const Redactor& redactor) {
  const bool by_length = meaning_of(finish_reason).cut_by_length;
  return {word_of(by_length ? length_reason : finish_reason, redactor), word_of(model, redactor)};
}

RunError crossed_limit(const AnswerSize& size) {
  if (size.bytes > limits::message_bytes_max) {
    return {codes::upstream_too_large, "The answer is too long."};
  }
  if (size.file_bytes > limits::generated_files_bytes_max) {
    return {codes::upstream_too_large,
            "The images and sounds of the answer are too long together."};
  }
  if (size.parts > limits::parts_max) {
    return {codes::upstream_too_large, "The answer has too many parts."};
  }
  if (size.has_long_name) {
    return {codes::upstream_too_large, "A tool call's id or name is too long."};
  }
  return {};
}

}  // namespace lockstep
