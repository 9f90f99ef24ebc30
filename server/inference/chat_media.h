// SPDX-License-Identifier: Apache-2.0
// chat_media.h: what a Chat Completions answer has besides text, reasoning and calls.
//
//   annotations   `annotations[]` of OpenAI and OpenRouter (citations of a search, parsed files),
//   and
//                 `citations` and `search_results` of Perplexity: data parts of these names
//   images        `images[]` of OpenRouter: file parts
//   audio         `audio` of OpenAI: its transcript is text; its sound becomes a file part, and its
//   id
//                 is opaque data, by which a later request names the sound
//
// An image or a sound that is too long, or that can't be read, is a data part `image_left_out` or
// `sound_left_out` with the reason: the user sees it, and the next request tells it to the model.
//
// All but the transcript comes in pieces or several times, so its parts begin when the answer ends.
// Sources: OpenAI's reference of Chat Completions (`message.annotations`, `message.audio`),
// OpenRouter's "Image generation", Perplexity's reference of `chat/completions`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/rules/event.h"
#include "server/inference/answer_writer.h"

namespace lockstep {

// Of one chunk.
struct ChatMedia {
  std::vector<std::string> annotations;                    // JSON objects
  std::vector<std::pair<std::string, std::string>> lists;  // name and JSON array, whole each time
  std::vector<std::string> images;                         // addresses; empty: in no known form
  std::string sound;                                       // base64
  std::string sound_id;
  [[nodiscard]] std::size_t bytes() const;       // without images and sound
  [[nodiscard]] std::size_t file_bytes() const;  // of images and sound, as they came
  [[nodiscard]] bool empty() const;
};

class ChatMediaParts {
 public:
  // `repeats`: the chunk says all again, and only lists count, which come whole each time.
  void take(const ChatMedia& media, bool repeats = false);
  [[nodiscard]] bool has_any() const {
    return !media_.empty() || !sound_.empty() || !left_out_.empty();
  }
  // The answer ends: begins the parts.
  void finish(AnswerWriter& writer);
  [[nodiscard]] const std::string& sound_id() const { return media_.sound_id; }

 private:
  void take_image(const std::string& image);

  ChatMedia media_;
  std::vector<DataPart> left_out_;
  std::string sound_;  // decoded
  bool is_sound_broken_ = false;
};

}  // namespace lockstep
